// The store page: its queue, live, and what people and scanners do. The server renders the cards.
import { base, byId, drawWaiting, isSignedOut, say, send, serverTime, setLost, signOut, take } from "./outbox.js";
import { keep, refreshSoon, show as showView } from "./views.js";

const SILENCE_MS = 25000; // the server says something every 10 s; after this the line is cut
const ASK_AGAIN_MS = 15000; // before a stream that was refused is asked for again

let stream = null;
let watchdog = 0;

// ── The queue ──────────────────────────────────────────────────────────────────────────────────────────

// Puts a card from the server in the place of the one before; what a person had open, typed or focused stays.
function put(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // rendered and escaped by the server
  const card = template.content.querySelector(".task");
  const before = byId(card.id);
  if (!before) {
    byId("queue").append(card);
    return;
  }
  const active = before.contains(document.activeElement) ? document.activeElement : null;
  keep(before, card);
  card.querySelector("details").open ||= before.querySelector("details").open;
  before.replaceWith(card);
  if (active) {
    const same = byId(active.id || active.parentElement.id); // a summary is known by its details
    const field = same && (same.tagName === "DETAILS" ? same.querySelector("summary") : same);
    const next = field || card.querySelector(".scan, form input:not([type=hidden]), form button");
    (next || card.querySelector("summary")).focus();
  }
}

function show({ order, cards, alerts, counts, now_ms }) {
  serverTime(now_ms);
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
  refreshSoon();
}

// ── The line ───────────────────────────────────────────────────────────────────────────────────────────

function listen() {
  stream?.close();
  clearTimeout(watchdog);
  if (isSignedOut()) return;
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
    watchdog = setTimeout(listen, ASK_AGAIN_MS);
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
addEventListener("signed-out", () => stream?.close());
addEventListener("answered", (event) => event.detail.card && put(event.detail.card));

// ── People ─────────────────────────────────────────────────────────────────────────────────────────────

byId("store").addEventListener("submit", (event) => {
  if (!event.target.matches(".act")) return;
  event.preventDefault();
  const refusal = take(event.target);
  if (refusal) say(refusal, true);
});

// A scanner types, wherever the focus is: without a field its text would be lost. Where nothing waits for a
// scan it asks what that is.
addEventListener("keydown", (event) => {
  if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input, select, textarea, button, summary, a")) return;
  let field = [...document.querySelectorAll(".scan")].find((each) => each.checkVisibility());
  if (!field) {
    showView("stock", false);
    field = byId("look-up");
  }
  field.focus(); // before the character arrives, so that it lands there
});

// An alert leads to its card, which opens.
byId("alerts").addEventListener("click", (event) => {
  const card = event.target.closest("a") && document.querySelector(event.target.closest("a").hash);
  if (!card) return;
  showView("queue", false);
  card.querySelector("details").open = true;
});

listen();
send();
drawWaiting();
