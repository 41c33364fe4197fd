// The store page. The server renders the cards; this sends what is done to them, and shows what changed.
//
// Every action gets a request id here and waits in localStorage until the server has answered it. When the
// line is cut it stays there, also over a reload, and is sent again with the same id: the services answer a
// repeat as they did the first time, so that it counts once.
"use strict";

const SILENCE_MS = 25000; // the server says something every 10 s; after this the line is cut
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;
const ANSWER_MS = 15000;
const LOOK_MS = 200; // between two looks of the camera
const TRY_AGAIN = [408, 429, 502, 503, 504]; // the server could not, and nothing says that it did not

const byId = (id) => document.getElementById(id);
const { base, subject } = byId("store").dataset;
const KEPT = `onhand.waiting.${base}`;
let lost = false;
let signedOut = false;
let sending = false;
let pause = FIRST_PAUSE_MS;
let stream = null;
let watchdog = 0;
let retry = 0;

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
function take(form) {
  const fields = Object.fromEntries(new FormData(form));
  const card = form.closest(".task");
  const entry = {
    id: newId(),
    subject, // sent as whoever did it: never under the name of who signs in later
    url: form.getAttribute("action"),
    task: card.id,
    line: fields.line_id || "",
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
  } else if (same.length) {
    return "This waits to be sent already.";
  }
  try {
    save([...load(), entry]);
  } catch {
    return "This browser keeps nothing more: what waits must be sent first.";
  }
  form.reset();
  send();
  return "";
}

// Sends what waits, one after the other, in the order in which it was done. One tab at a time where the
// browser can tell; without that the same request id would be sent twice, which counts once too.
async function send() {
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
      put(answer.card);
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

function drawWaiting() {
  const entries = load();
  const shown = entries.filter((entry) => entry.why || entry.subject !== subject || lost);
  byId("waiting").hidden = !shown.length;
  byId("waiting-list").replaceChildren(...shown.map(drawEntry));
  for (const card of document.querySelectorAll(".task")) {
    const count = lost ? entries.filter((entry) => mine(entry) && entry.task === card.id).length : 0;
    const mark = card.querySelector(".unsent");
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

// ── What the page shows ────────────────────────────────────────────────────────────────────────────────

function say(text, bad) {
  const said = byId("said");
  said.textContent = text;
  said.hidden = !text;
  said.classList.toggle("bad", bad);
  if (bad && navigator.vibrate) navigator.vibrate(200); // the eyes are on the shelf
}

function setLost(now) {
  if (signedOut) return;
  lost = now;
  byId("line").textContent = lost ? "no connection" : "live";
  byId("line").className = `state ${lost ? "bad" : "good"}`;
  drawWaiting();
}

function signOut() {
  signedOut = true;
  stream?.close();
  byId("line").textContent = "signed out";
  byId("line").className = "state bad";
  const link = document.createElement("a");
  link.href = `/store?store=${base.split("/").pop()}`;
  link.textContent = "Sign in again";
  say("Your sign-in has ended. What is not sent waits here. ", true);
  byId("said").append(link);
}

// Puts a card from the server in the place of the one before; what a person had open, typed or focused stays.
function put(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // rendered and escaped by the server
  const card = template.content.querySelector(".task");
  const before = byId(card.id);
  if (!before) {
    byId("queue").append(card);
    return card;
  }
  const active = before.contains(document.activeElement) ? document.activeElement : null;
  for (const old of before.querySelectorAll("[id]")) {
    const now = card.querySelector(`#${CSS.escape(old.id)}`);
    if (!now) continue;
    if (old.tagName === "DETAILS") now.open = old.open;
    else if ("value" in old && old.value !== old.defaultValue && old.type !== "hidden") now.value = old.value;
  }
  card.querySelector("details").open ||= before.querySelector("details").open;
  before.replaceWith(card);
  if (active) {
    const same = byId(active.id || active.parentElement.id); // a summary is known by its details
    const field = same && (same.tagName === "DETAILS" ? same.querySelector("summary") : same);
    const next = field || card.querySelector(".scan, form input:not([type=hidden]), form button");
    (next || card.querySelector("summary")).focus();
  }
  return card;
}

function show({ order, cards, alerts, counts }) {
  const queue = byId("queue");
  const focused = document.activeElement;
  for (const html of Object.values(cards)) put(html);
  order.forEach((id, place) => {
    const card = byId(`task-${id}`);
    if (card && queue.children[place] !== card) queue.insertBefore(card, queue.children[place] || null);
  });
  while (queue.children.length > order.length) queue.lastElementChild.remove();
  if (focused !== document.activeElement && document.body.contains(focused)) focused.focus(); // a moved card loses it
  byId("nothing").hidden = order.length > 0;
  byId("counts").textContent = counts;
  // Only when they differ: a screen reader would read them all again.
  const list = document.createElement("ul");
  list.innerHTML = alerts;
  if (list.textContent !== byId("alerts").textContent) byId("alerts").innerHTML = alerts;
  drawWaiting();
}

// ── The line ───────────────────────────────────────────────────────────────────────────────────────────

function listen() {
  stream?.close();
  clearTimeout(watchdog);
  if (signedOut) return;
  stream = new EventSource(`${base}/events`);
  alive();
  stream.addEventListener("queue", (event) => {
    alive();
    setLost(false);
    show(JSON.parse(event.data));
    send();
  });
  stream.addEventListener("error", async () => {
    setLost(true);
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    clearTimeout(watchdog);
    watchdog = setTimeout(listen, LONGEST_PAUSE_MS);
    // Refused, not cut: a page that leads to the sign-in says that the token has ended.
    const page = await fetch(base, { redirect: "manual" }).catch(() => null);
    if (page && page.type === "opaqueredirect") signOut();
  });
}

function alive() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => {
    setLost(true);
    listen();
  }, SILENCE_MS);
}

addEventListener("online", () => {
  listen();
  send();
});
addEventListener("offline", () => setLost(true));

// ── People ─────────────────────────────────────────────────────────────────────────────────────────────

byId("store").addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.classList.contains("act")) {
    event.preventDefault();
    const refusal = take(form);
    if (refusal) say(refusal, true);
  } else if (form.id === "look-up") {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${base}/stock?${query}`).catch(() => null);
    const isPage = answer?.headers.get("content-type")?.startsWith("text/html");
    if (isPage) byId("found").innerHTML = await answer.text();
    else byId("found").textContent = answer ? (await answer.json()).detail : "No connection: try again later.";
    form.elements.q.select();
  }
});

// A scanner types, wherever the focus is: without a field its text would be lost.
addEventListener("keydown", (event) => {
  if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input, select, textarea, button, summary, a")) return;
  const field = [...document.querySelectorAll(".scan, #look-up input")].find((each) => each.checkVisibility());
  field?.focus(); // before the character arrives, so that it lands there
});

// An alert leads to its card, which opens.
byId("alerts").addEventListener("click", (event) => {
  const card = event.target.closest("a") && document.querySelector(event.target.closest("a").hash);
  if (card) card.querySelector("details").open = true;
});

// The camera, where the browser reads bar codes itself.
if ("BarcodeDetector" in window && navigator.mediaDevices) {
  byId("store").classList.add("has-camera");
  const dialog = byId("camera");
  const video = dialog.querySelector("video");
  let field = null;
  const look = async () => {
    if (!dialog.open) return;
    const [found] = await new BarcodeDetector().detect(video).catch(() => []);
    if (found) {
      dialog.close();
      field.value = found.rawValue;
      field.form.requestSubmit();
    } else setTimeout(look, LOOK_MS);
  };
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => video.srcObject?.getTracks().forEach((track) => track.stop()));
  byId("store").addEventListener("click", async (event) => {
    if (!event.target.matches(".shoot")) return;
    field = event.target.closest("form").querySelector(".scan");
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await video.play();
      dialog.showModal();
      look();
    } catch (error) {
      say(`The camera is not to be had: ${error.message}`, true);
    }
  });
}

listen();
send();
drawWaiting();
