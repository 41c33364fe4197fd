// Pages that work without a script, and with this one show by themselves what changes: the server renders the
// whole, and #fresh of it takes the place of the one before.
"use strict";

const LOOK_MS = 5000; // where the page does not say another
const PASS_MS = 60000; // a collection pass is short-lived
const fresh = () => document.getElementById("fresh");
let typed = false;

// What somebody has begun to type must not vanish under their thumb.
addEventListener("input", () => (typed = true));

async function look() {
  if (document.hidden || typed || document.querySelector("#fresh details[open]")) return;
  const url = new URL(location.href);
  url.searchParams.delete("done"); // "thank you" is for the one who asked, once
  const headers = { "If-None-Match": fresh().dataset.version };
  const answer = await fetch(url, { headers, cache: "no-store" }).catch(() => null);
  if (answer?.status !== 200) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("fresh");
  if (!now || typed) return;
  const focused = document.activeElement?.id;
  fresh().replaceWith(now);
  if (focused) document.getElementById(focused)?.focus();
}

function renewPass() {
  for (const pass of document.querySelectorAll(".pass")) {
    pass.src = `${pass.src.split("?")[0]}?${Date.now()}`;
  }
}

setInterval(look, Number(fresh().dataset.every) || LOOK_MS);
setInterval(renewPass, PASS_MS);
addEventListener("visibilitychange", () => {
  look();
  if (!document.hidden) renewPass();
});
