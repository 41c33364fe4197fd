// A link made by `onhand token` carries the token behind the #, which browsers send to no server.
"use strict";

function take() {
  const token = location.hash.slice(1);
  if (!token) return;
  document.getElementById("token").value = token;
  // Out of the address bar and the history: whoever sees them could sign in with it.
  history.replaceState(null, "", location.pathname + location.search);
  // The person presses the button: otherwise any page could sign them in as somebody else unnoticed.
  document.querySelector("#sign-in button").focus();
}

take();
addEventListener("hashchange", take); // a link opened where this page is already
