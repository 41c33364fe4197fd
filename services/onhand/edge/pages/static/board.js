// The board: cells of one location, live.
"use strict";

const SHOWN = 200; // rows drawn; more would help nobody on a phone
const TITLES_AT_ONCE = 6;
const PAUSE_MS = 5000; // before a stream that was refused is asked for again

const byId = (id) => document.getElementById(id);
const cells = new Map(); // item id → its present cell
const titles = new Map(); // item id → what people read
const wanted = []; // item ids whose title is not known yet
const rows = new Map(); // item id → its <li>
let asking = 0;
let stream = null;
let drawing = false;

function say(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

function state(text, kind) {
  byId("state").textContent = text;
  byId("state").className = `state ${kind}`;
}

function watch(locationId) {
  stream?.close();
  clear();
  state("connecting", "");
  const mine = new EventSource(`/operations/cells?location_id=${encodeURIComponent(locationId)}`);
  stream = mine;
  let known = new Set();
  let whole = false;
  mine.addEventListener("open", () => {
    say("");
    state("live", "good");
    known = new Set(); // each connection begins with a snapshot
    whole = false;
  });
  mine.addEventListener("cells", (event) => {
    const change = JSON.parse(event.data);
    take(change, known, whole);
    whole = change.snapshot_complete;
  });
  mine.addEventListener("problem", (event) => say(JSON.parse(event.data).detail));
  mine.addEventListener("error", async () => {
    state("no connection", "bad");
    if (mine.readyState !== EventSource.CLOSED) return; // it asks again by itself
    setTimeout(() => stream === mine && watch(locationId), PAUSE_MS);
    // Refused, not cut: a page that leads elsewhere says that the sign-in has ended.
    const page = await fetch(location.pathname, { redirect: "manual" }).catch(() => null);
    if (page?.type === "opaqueredirect") location.assign("/operations");
  });
}

// Takes the cells of one event. When a snapshot is whole, cells that are not in it are gone.
function take(change, known, wasWhole) {
  for (const cell of change.cells) {
    const before = cells.get(cell.item_id);
    cell.changed = wasWhole && (!before || before.available !== cell.available);
    if (!before && !titles.has(cell.item_id)) wanted.push(cell.item_id);
    cells.set(cell.item_id, cell);
    if (!wasWhole) known.add(cell.item_id);
  }
  if (change.snapshot_complete && !wasWhole) {
    for (const id of cells.keys()) if (!known.has(id)) cells.delete(id);
  }
  draw();
}

function clear() {
  cells.clear();
  rows.clear();
  wanted.length = 0;
  byId("cells").replaceChildren();
  byId("summary").textContent = "";
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const sought = byId("find").value.trim().toLowerCase();
    const fits = (cell) => `${cell.item_id} ${titles.get(cell.item_id) || ""}`.toLowerCase().includes(sought);
    const found = [...cells.values()].filter(fits).sort((a, b) => b.revision - a.revision);
    const shown = found.slice(0, SHOWN);
    const units = found.reduce((sum, cell) => sum + cell.available, 0);
    const cut = found.length > SHOWN ? `, the latest ${SHOWN} shown` : "";
    byId("summary").textContent = `items: ${found.length}, units available: ${units}${cut}`;
    for (const id of rows.keys()) if (!cells.has(id)) rows.delete(id);
    byId("cells").replaceChildren(...shown.map(row));
    // Who looks for a title looks through all of them.
    fetchTitles(sought ? cells : new Map(shown.map((cell) => [cell.item_id, cell])));
  });
}

function row(cell) {
  let li = rows.get(cell.item_id);
  if (!li) {
    li = document.createElement("li");
    for (const name of ["name", "number", "terms"]) {
      const part = document.createElement("span");
      part.className = name === "terms" ? "terms quiet" : name;
      li.append(part);
    }
    rows.set(cell.item_id, li);
  }
  const [name, number, terms] = li.children;
  name.textContent = titles.get(cell.item_id) || cell.item_id; // as text: a name may hold markup
  number.textContent = cell.available;
  const parts = [`${cell.on_hand} on hand`];
  for (const each of ["reserved", "committed", "unavailable", "safety_stock", "in_transit"]) {
    if (cell[each]) parts.push(`${cell[each]} ${each.replace("_", " ")}`);
  }
  parts.push(`${Math.round(cell.confidence * 100)} % sure`);
  terms.textContent = parts.join(" · ");
  li.className = cell.available > 0 ? "" : "none";
  if (cell.changed) flash(li);
  cell.changed = false;
  return li;
}

function flash(li) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const colour = getComputedStyle(document.body).getPropertyValue("--flash");
  li.animate([{ background: colour }, { background: "transparent" }], { duration: 1500, easing: "ease-out" });
}

// Asks for titles, a few at a time.
function fetchTitles(those) {
  for (let i = 0; i < wanted.length && asking < TITLES_AT_ONCE; i += 1) {
    const id = wanted[i];
    if (!those.has(id)) continue;
    wanted.splice(i, 1);
    i -= 1;
    asking += 1;
    fetch(`/operations/items/${encodeURIComponent(id)}`)
      .then((response) => response.json())
      .then((item) => titles.set(id, [item.title || id, item.size, item.colour].filter(Boolean).join(", ")))
      .catch(() => titles.set(id, id)) // its id will do
      .finally(() => {
        asking -= 1;
        draw();
      });
  }
}

byId("find")?.addEventListener("input", draw);
byId("location")?.addEventListener("change", (event) => watch(event.target.value));
if (byId("location")) watch(byId("location").value);
