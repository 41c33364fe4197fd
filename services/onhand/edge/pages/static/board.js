// The board: cells of one location, live. EventSource cannot send a token, so the stream is read by fetch.
"use strict";

const SHOWN = 200; // rows drawn; more would help nobody on a phone
const TITLES_AT_ONCE = 6;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const TOKEN = "onhand.token";

const byId = (id) => document.getElementById(id);
const cells = new Map(); // item id → its present cell
const titles = new Map(); // item id → what people read
const wanted = []; // item ids whose title is not known yet
const rows = new Map(); // item id → its <li>
let asking = 0;
let watching = null; // AbortController of the present stream
let drawing = false;

class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, signal) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}` };
  const response = await fetch(path, { headers, signal, cache: "no-store", credentials: "omit" });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Problem(response.status, problem.detail || `the edge answered ${response.status}`);
  }
  return response;
}

function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

function state(text, kind) {
  byId("state").textContent = text;
  byId("state").className = `state ${kind}`;
}

// Yields {name, data} for each event of a stream (WHATWG HTML, section 9.2.6); comments yield no data.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { name: "", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) event.name = line.slice(7);
        if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      yield event;
    }
  }
}

async function watch(locationId) {
  if (watching) watching.abort();
  const mine = new AbortController();
  watching = mine;
  let pause = FIRST_PAUSE_MS;
  clear();
  while (!mine.signal.aborted) {
    try {
      state("connecting", "");
      const path = `/v1/availability/watch?location_id=${encodeURIComponent(locationId)}`;
      const response = await ask(path, mine.signal);
      const known = new Set();
      let whole = false;
      say(byId("problem"), "");
      for await (const { name, data } of events(response)) {
        pause = FIRST_PAUSE_MS;
        state("live", "good");
        if (name === "problem") throw new Problem(503, JSON.parse(data).detail);
        if (name !== "cells") continue;
        const change = JSON.parse(data);
        take(change, known, whole);
        whole = change.snapshot_complete;
      }
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error.status === 401 || error.status === 403) return refuse(error);
      say(byId("problem"), error.message);
    }
    if (mine.signal.aborted) return;
    state("waiting to ask again", "bad");
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
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
    byId("summary").textContent = `${found.length} items, ${units} units available${cut}`;
    for (const id of rows.keys()) if (!cells.has(id)) rows.delete(id);
    byId("cells").replaceChildren(...shown.map(row));
    fetchTitles(new Set(shown.map((cell) => cell.item_id)));
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

// Asks for the titles of the items that are drawn, a few at a time.
function fetchTitles(shown) {
  for (let i = 0; i < wanted.length && asking < TITLES_AT_ONCE; i += 1) {
    const id = wanted[i];
    if (!shown.has(id)) continue;
    wanted.splice(i, 1);
    i -= 1;
    asking += 1;
    ask(`/v1/items/${encodeURIComponent(id)}`)
      .then((response) => response.json())
      .then((item) => titles.set(id, [item.title || id, item.size, item.colour].filter(Boolean).join(", ")))
      .catch(() => titles.set(id, id)) // its id will do
      .finally(() => {
        asking -= 1;
        draw();
      });
  }
}

async function open() {
  const hasToken = Boolean(sessionStorage.getItem(TOKEN));
  byId("token-form").hidden = hasToken;
  byId("live").hidden = !hasToken;
  if (!hasToken) return;
  try {
    const choice = byId("location");
    choice.replaceChildren();
    let next = "";
    do {
      const path = `/v1/locations?page_size=1000&page_token=${encodeURIComponent(next)}`;
      const page = await (await ask(path)).json();
      for (const each of page.locations) {
        const label = each.title ? `${each.title} (${each.location_id})` : each.location_id;
        choice.add(new Option(label, each.location_id));
      }
      next = page.next_page_token;
    } while (next);
    if (!choice.options.length) {
      say(byId("problem"), "no location is known yet");
      return;
    }
    say(byId("problem"), "");
    watch(choice.value);
  } catch (error) {
    if (error.status === 401 || error.status === 403) refuse(error);
    else say(byId("problem"), error.message);
  }
}

// A token that is not accepted is forgotten; one that only lacks this location is kept.
function refuse(error) {
  say(byId("problem"), error.message);
  state("refused", "bad");
  if (error.status === 401) forget();
}

function forget() {
  sessionStorage.removeItem(TOKEN);
  if (watching) watching.abort();
  clear();
  byId("token-form").hidden = false;
  byId("live").hidden = true;
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId("token").value.trim());
  byId("token").value = "";
  open();
});
byId("location").addEventListener("change", (event) => watch(event.target.value));
byId("find").addEventListener("input", draw);
byId("forget").addEventListener("click", () => {
  say(byId("problem"), "");
  forget();
});
open();
