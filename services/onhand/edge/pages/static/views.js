// The parts of the store page beside the queue: which one is shown, and what the server says of it now.
import { base, byId, drawWaiting, isSignedOut, say } from "./outbox.js";

const COUNTS_MS = 2000; // counts go on by reads, of which the queue's stream tells nothing
const SOON_MS = 1000;
const CLICKS_MS = [60, 1000]; // between two clicks of the find mode, for a tag in front of the reader and one far away

const asked = new Map(); // view → what was asked of it last
const drawn = new Map(); // content → the HTML that it was drawn from
let shown = "queue";
let turn = 0;
let soon = 0;

const isView = (name) => Boolean(name) && byId(`view-${name}`) !== null;
const contentOf = (view) => byId(`view-${view}`).querySelector(".shown");

// Shows a part; `focus` moves the reader there too, as following a link does.
export function show(view, focus) {
  shown = view;
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== `view-${view}`;
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (focus) {
    scrollTo(0, 0);
    byId(`${view}-title`).focus();
  }
  refresh();
}

// Takes over what a person had open, typed or focused in the piece of a page that another replaces.
export function keep(before, now) {
  for (const old of before.querySelectorAll("[id]")) {
    const same = now.querySelector(`#${CSS.escape(old.id)}`);
    if (!same) continue;
    if (old.tagName === "DETAILS") same.open = old.open;
    else if (old.type === "checkbox") same.checked = old.checked;
    else if ("value" in old && old.value !== old.defaultValue && old.type !== "hidden") same.value = old.value;
  }
}

// Asks again after what the queue's stream told: not for each change of a busy store.
export function refreshSoon() {
  soon ||= setTimeout(() => {
    soon = 0;
    refresh();
  }, SOON_MS);
}

// Asks how the shown part is now. An answer that comes after a later question is not shown.
export async function refresh() {
  const view = shown;
  const content = contentOf(view);
  if (!content || isSignedOut() || (view === "stock" && !asked.has(view))) return;
  turn += 1;
  const mine = turn;
  content.setAttribute("aria-busy", "true");
  const answer = await fetch(`${base}/${view}?${asked.get(view) || ""}`).catch(() => null);
  const html = answer?.headers.get("content-type")?.startsWith("text/html") ? await answer.text() : null;
  if (mine !== turn) return;
  content.removeAttribute("aria-busy");
  if (html !== null) put(content, html);
  else if (!answer && !content.hasChildNodes()) content.textContent = "No connection: it shows when the line is back.";
  else if (answer && answer.status !== 401) content.textContent = (await answer.json()).detail;
}

function put(content, html) {
  if (html === drawn.get(content)) return; // nothing has changed
  if (content.contains(document.activeElement) && document.activeElement.matches("select")) return; // it is open
  drawn.set(content, html);
  const now = document.createElement("div");
  now.innerHTML = html; // rendered and escaped by the server
  keep(content, now);
  const focused = content.contains(document.activeElement) ? document.activeElement.closest("[id]").id : "";
  content.replaceChildren(...now.childNodes);
  if (focused) refocus(byId(focused));
  drawWaiting();
}

// Gives the focus back to what a person had it on, or to the first control of what that was in, or to the part.
function refocus(same) {
  const control = "input:not([type=hidden]), select, summary, button";
  const target = same?.matches(control) ? same : same?.querySelector(control);
  (target || byId(`${shown}-title`)).focus();
}

// What a form of a part asks of it: another day, a review, an item.
function choose(form, submitter) {
  const view = form.closest(".view").id.replace("view-", "");
  asked.set(view, String(new URLSearchParams(new FormData(form, submitter))));
  document.activeElement.blur(); // so that the answer may take its place
  refresh();
}

addEventListener("hashchange", () => {
  const name = location.hash.slice(1);
  if (isView(name)) show(name, true);
});
addEventListener("submit", (event) => {
  if (!event.target.matches(".choose")) return;
  event.preventDefault();
  choose(event.target, event.submitter);
  event.target.querySelector("input[name=q]")?.select();
});
addEventListener("change", (event) => {
  if (event.target.matches(".choose select")) choose(event.target.form);
});
addEventListener("answered", refresh);
setInterval(() => shown === "counts" && !document.hidden && refresh(), COUNTS_MS);

// ── Find ───────────────────────────────────────────────────────────────────────────────────────────────

const finder = byId("finder");
let trail = null;
let heat = 0;
let sound = null;

function ago(age_s) {
  if (age_s === null) return "never read here";
  return age_s < 2 ? "read just now" : age_s < 120 ? `read ${age_s} s ago` : `read ${Math.round(age_s / 60)} min ago`;
}

function follow(epc) {
  trail?.close();
  heat = 0;
  finder.querySelector("h2").textContent = "Find";
  finder.querySelector(".zone").textContent = "asking";
  finder.querySelector(".ago").textContent = "";
  finder.querySelector("meter").value = 0;
  finder.showModal();
  trail = new EventSource(`${base}/find?epc=${encodeURIComponent(epc)}`);
  trail.addEventListener("trace", (event) => {
    const trace = JSON.parse(event.data);
    heat = trace.nearness || trace.heat; // a reader that tells no strength: how lately it was read
    finder.querySelector("h2").textContent = trace.title;
    finder.querySelector("meter").value = heat;
    finder.querySelector(".ago").textContent = ago(trace.age_s) + (trace.held ? " · picked for an order" : "");
    // Only when it differs: a screen reader would say it again.
    const zone = trace.here ? trace.zone || "somewhere here" : "not here any more";
    const said = finder.querySelector(".zone");
    if (said.textContent !== zone) said.textContent = zone;
  });
  trail.addEventListener("problem", (event) => {
    trail.close();
    finder.querySelector(".zone").textContent = JSON.parse(event.data).detail;
  });
  trail.addEventListener("error", () => (finder.querySelector(".ago").textContent = "no connection"));
}

// Clicks like a Geiger counter, faster the nearer the tag is; a phone in a pocket shakes with it.
function click() {
  if (!finder.open) return;
  if (heat > 0 && byId("clicks").checked) {
    sound ||= new AudioContext();
    const tone = new OscillatorNode(sound, { frequency: 900 + 900 * heat });
    tone.connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.02);
    navigator.vibrate?.(20);
  }
  setTimeout(click, CLICKS_MS[0] + (CLICKS_MS[1] - CLICKS_MS[0]) * (1 - heat));
}

finder.querySelector("button").addEventListener("click", () => finder.close());
finder.addEventListener("close", () => trail.close());
byId("store").addEventListener("click", (event) => {
  if (!event.target.matches(".find")) return;
  follow(event.target.dataset.epc);
  click();
});

// ── The camera, where the browser reads bar codes itself ───────────────────────────────────────────────

const LOOK_MS = 200; // between two looks

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  byId("store").classList.add("has-camera");
  const dialog = byId("camera");
  const video = dialog.querySelector("video");
  let field = ""; // its id: the card that it stands on may be drawn anew meanwhile
  const look = async () => {
    if (!dialog.open) return;
    const [found] = await new BarcodeDetector().detect(video).catch(() => []);
    if (found) {
      dialog.close();
      const asks = byId(field);
      if (!asks) return say("Nothing asks for that scan any more.", true);
      asks.value = found.rawValue;
      asks.form.requestSubmit();
    } else setTimeout(look, LOOK_MS);
  };
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => video.srcObject?.getTracks().forEach((track) => track.stop()));
  byId("store").addEventListener("click", async (event) => {
    if (!event.target.matches(".shoot")) return;
    field = event.target.closest("form").querySelector(".scan").id;
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

if (isView(location.hash.slice(1))) show(location.hash.slice(1), false);
else show("queue", false);
