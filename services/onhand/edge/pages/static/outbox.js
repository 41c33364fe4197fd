// What is done waits here until the server has answered it.
//
// Every action gets a request id and is kept in localStorage. When the line is cut it stays there, also over a
// reload, and is sent again with the same id: the services answer a repeat as they did the first time, so that
// it counts once. Whoever shows what came of it listens for `answered` and `signed-out`.

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;
const ANSWER_MS = 15000;
const TRY_AGAIN = [408, 429, 502, 503, 504]; // the server could not, and nothing says that it did not

export const byId = (id) => document.getElementById(id);
export const { base, subject } = byId("store").dataset;
const KEPT = `onhand.waiting.${base}`;
let lost = false;
let signedOut = false;
let sending = false;
let pause = FIRST_PAUSE_MS;
let retry = 0;
let ahead_ms = 0; // how far the server's clock is before this one

export const isSignedOut = () => signedOut;
export const serverTime = (now_ms) => (ahead_ms = now_ms - Date.now());

// ── What waits to be sent ──────────────────────────────────────────────────────────────────────────────

const load = () => JSON.parse(localStorage.getItem(KEPT) || "[]");

function save(entries) {
  localStorage.setItem(KEPT, JSON.stringify(entries));
  drawWaiting();
}

const change = (id, make) => save(load().flatMap((entry) => (entry.id === id ? make(entry) : [entry])));
const mine = (entry) => entry.subject === subject && !entry.why;

function newId() {
  // Not crypto.randomUUID: that is only there on https and localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Takes a form as an action to send; says why not when the same waits already.
export function take(form) {
  const fields = Object.fromEntries(new FormData(form));
  if (form.matches(".timed")) fields.act_time = new Date(Date.now() + ahead_ms).toISOString();
  const entry = {
    id: newId(),
    subject, // sent as whoever did it: never under the name of who signs in later
    url: form.getAttribute("action"),
    holder: form.closest(".holds")?.id || "",
    line: fields.line_id || fields.start_time || fields.blackout_id || fields.count_id || "",
    units: Number(fields.quantity || 1),
    label: form.dataset.label + (fields.scanned ? ` (${fields.scanned})` : ""),
    fields,
    why: "",
  };
  const same = load().filter((each) => mine(each) && each.url === entry.url && each.line === entry.line);
  if (form.matches(".scan-one, .pick")) {
    const left = Number(form.closest("[data-left]").dataset.left);
    const waiting = same.reduce((sum, each) => sum + each.units, 0);
    if (waiting + entry.units > left) return "All that is left to pick waits to be sent.";
  } else if (same.length && !form.matches(".many")) {
    return "This waits to be sent already.";
  }
  try {
    save([...load(), entry]);
  } catch {
    return "This browser keeps nothing more: what waits must be sent first.";
  }
  form.reset();
  const asked = form.closest("details[data-once]");
  if (asked) asked.open = false;
  send();
  return "";
}

// Sends what waits, one after the other, in the order in which it was done. One tab at a time where the
// browser can tell; without that the same request id would be sent twice, which counts once too.
export async function send() {
  if (sending || signedOut) return;
  sending = true;
  clearTimeout(retry);
  try {
    if (navigator.locks) await navigator.locks.request(KEPT, sendAll);
    else await sendAll();
  } finally {
    sending = false;
  }
}

async function sendAll() {
  for (;;) {
    const entry = load().find(mine);
    if (!entry) return;
    let response = null;
    let answer = {};
    try {
      const body = new URLSearchParams({ ...entry.fields, request_id: entry.id });
      response = await fetch(entry.url, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_MS) });
      answer = await response.json();
    } catch {
      if (!response || response.ok) return later(); // no answer, or one that was cut off
    }
    if (response.ok) {
      pause = FIRST_PAUSE_MS;
      change(entry.id, () => []);
      setLost(false);
      say(answer.said, false);
      dispatchEvent(new CustomEvent("answered", { detail: answer }));
    } else if (response.status === 401) {
      return signOut();
    } else if (TRY_AGAIN.includes(response.status) || answer.reason === "CONTENTION") {
      return later();
    } else {
      const why = answer.detail || `the server answered ${response.status}`;
      change(entry.id, (refused) => [{ ...refused, why }]);
      say(`${entry.label}: ${why}`, true);
    }
  }
}

function later() {
  setLost(true);
  retry = setTimeout(send, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

export function drawWaiting() {
  const entries = load();
  const shown = entries.filter((entry) => entry.why || entry.subject !== subject || lost);
  byId("waiting").hidden = !shown.length;
  byId("waiting-list").replaceChildren(...shown.map(drawEntry));
  for (const holder of document.querySelectorAll(".holds")) {
    const count = lost ? entries.filter((entry) => mine(entry) && entry.holder === holder.id).length : 0;
    const mark = holder.querySelector(".unsent");
    mark.hidden = !count;
    mark.textContent = `${count} not sent yet`;
  }
}

function drawEntry(entry) {
  const li = byId("entry").content.firstElementChild.cloneNode(true);
  const others = entry.subject !== subject;
  li.querySelector(".what").textContent = entry.label;
  li.querySelector(".why").textContent = entry.why || (others ? `waits for ${entry.subject}` : "waits to be sent");
  li.classList.toggle("bad", Boolean(entry.why));
  const button = li.querySelector("button");
  button.hidden = !entry.why && !others; // what still counts is not thrown away by a slip of the thumb
  button.addEventListener("click", () => change(entry.id, () => []));
  return li;
}

// ── How it stands ──────────────────────────────────────────────────────────────────────────────────────

export function say(text, bad) {
  const said = byId("said");
  said.textContent = text;
  said.hidden = !text;
  said.classList.toggle("bad", bad);
  if (bad && navigator.vibrate) navigator.vibrate(200); // the eyes are on the shelf
}

export function setLost(now) {
  if (signedOut) return;
  lost = now;
  byId("line").textContent = lost ? "no connection" : "live";
  byId("line").className = `state ${lost ? "bad" : "good"}`;
  drawWaiting();
}

export function signOut() {
  signedOut = true;
  dispatchEvent(new Event("signed-out"));
  byId("line").textContent = "signed out";
  byId("line").className = "state bad";
  const link = document.createElement("a");
  link.href = `/store?store=${base.split("/").pop()}`;
  link.textContent = "Sign in again";
  say("Your sign-in has ended. What is not sent waits here. ", true);
  byId("said").append(link);
}
