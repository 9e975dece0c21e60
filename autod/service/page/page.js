"use strict";
const $ = id => document.getElementById(id);
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
const natural = new Intl.Collator("en", { numeric: true }).compare;
const number = n => n.toLocaleString("en");
const STATES = ["up", "starting", "waiting", "refused", "absent", "loaded", "routed", "suspended"];
const DOWN = ["starting", "waiting", "refused", "absent", "loaded", "routed"];
const EVERY = 5000;
/* The most rows: all are drawn again every five seconds. */
const MOST = 1000;

function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  for (const [size, unit, smaller, name] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (seconds >= size) {
      const rest = Math.floor(seconds % size / smaller);
      return `${Math.floor(seconds / size)} ${unit}` + (rest ? ` ${rest} ${name}` : "");
    }
  }
}
const clock = at => new Date(at * 1000).toLocaleString("sv", { dateStyle: "short", timeStyle: "medium" });
const share = s => s === undefined ? "\u2013" : s === 1 ? "100 %" : `${Math.min(s * 100, 99.999).toFixed(3)} %`;

let snapshot = null, days = new Map(), outages = new Map(), stretch = [0, 1], chosen = "";
const view = { sort: "state", filter: "", state: "", by: "" };
for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in view) view[key] = value;

const COLUMNS = [
  ["name", "Connection"], ["state", "State"], ["since", "For"], ["day", "Last 24 h"], ["available", "Available"],
  ["losses", "Lost"], ["next", "Next try"], ["why", "Why it is down, and what to do"],
];

function rows() {
  const now = snapshot.now;
  return snapshot.connections.map(connection => {
    const day = days.get(connection.name) || {}, { wanted, state, since, next_try } = connection;
    return { ...connection, day, bad: wanted === "up" && DOWN.includes(state), seconds: now - since,
             next: next_try === undefined ? Infinity : next_try - now };
  });
}

const ORDER = {
  name: (a, b) => natural(a.name, b.name),
  state: (a, b) => b.bad - a.bad || STATES.indexOf(a.state) - STATES.indexOf(b.state),
  since: (a, b) => a.seconds - b.seconds,
  available: (a, b) => (a.day.availability ?? 2) - (b.day.availability ?? 2),
  day: (a, b) => (b.day.down ?? 0) - (a.day.down ?? 0),
  losses: (a, b) => (b.day.losses ?? 0) - (a.day.losses ?? 0),
  next: (a, b) => a.next - b.next || 0,
  why: (a, b) => natural(a.cause ?? "~", b.cause ?? "~"),
};

function tile(value, text, colour) {
  const t = el("div", undefined, "tile"), b = el("b", value);
  if (colour) b.style.color = `var(--${colour})`;
  t.append(b, el("span", text));
  $("tiles").append(t);
}

function top_(all) {
  const wanted = all.filter(r => r.wanted === "up" && r.state !== "suspended"), up = wanted.filter(r => r.state === "up").length;
  document.title = `${up} of ${wanted.length} up \u2013 ${snapshot.host}`;
  $("title").textContent = `autod on ${snapshot.host}`;
  const pluto = snapshot.pluto.running ? `Libreswan ${snapshot.pluto.release} for ${duration(snapshot.now - snapshot.pluto.since)}` : "pluto is not running";
  $("when").textContent = `${pluto}, autod ${snapshot.version} for ${duration(snapshot.now - snapshot.since)}, seen ${clock(snapshot.now)}`;
  $("tiles").replaceChildren();
  tile(`${number(up)} of ${number(wanted.length)}`, "up that should be", up === wanted.length ? "up" : "refused");
  for (const state of STATES) {
    const n = all.filter(r => r.state === state).length;
    if (n && state !== "up") tile(number(n), state, state);
  }
  const flapping = all.filter(r => r.flapping).length;
  if (flapping) tile(number(flapping), "flapping", "waiting");
  const known = [...days.values()].filter(d => d.availability !== undefined);
  if (known.length) {
    const sum = known.reduce((s, d) => [s[0] + d.up, s[1] + d.down], [0, 0]);
    tile(share(sum[0] / (sum[0] + sum[1])), "available in the last 24 h");
    tile(number(known.reduce((s, d) => s + d.losses, 0)), "losses in the last 24 h");
  }
  const troubles = [...(snapshot.configuration === "ok" ? [] : [`bad configuration, the old one stays: ${snapshot.configuration}`]), ...snapshot.troubles];
  $("troubles").hidden = !troubles.length;
  $("troubles").querySelector("ul").replaceChildren(...troubles.map(t => el("li", t)));
}

function causes(all) {
  const by = new Map();
  for (const r of all) if (r.bad) { const key = r.reason || r.cause || r.state; by.set(key, (by.get(key) || 0) + 1); }
  $("failures").hidden = !by.size;
  const most = Math.max(...by.values(), 1);
  $("causes").replaceChildren(...[...by].sort((a, b) => b[1] - a[1]).map(([cause, n]) => {
    const b = el("button", undefined, "cause"), bar = el("i");
    bar.style.width = 100 * n / most + "%";
    b.type = "button";
    b.append(el("span", cause.replaceAll(/[_-]/g, " ")), bar, el("em", number(n)));
    b.addEventListener("click", () => { view.filter = view.filter === cause ? "" : cause; draw(); });
    return b;
  }));
}

const NS = "http://www.w3.org/2000/svg";
function strip(r) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", r.day.down === undefined ? "nothing known" : `down ${duration(r.day.down)}`);
  if (r.day.availability === undefined) svg.classList.add("unknown");
  for (const outage of outages.get(r.name) || []) {
    const rect = document.createElementNS(NS, "rect");
    const x = s => 1000 * Math.min(1, Math.max(0, (s - stretch[0]) / (stretch[1] - stretch[0])));
    const from = x(outage.since), to = x(outage.until ?? stretch[1]);
    rect.setAttribute("x", from.toFixed(1));
    rect.setAttribute("width", Math.max(to - from, 2).toFixed(1));
    rect.setAttribute("height", "10");
    svg.append(rect);
  }
  return svg;
}

function line(r) {
  const tr = el("tr"), name = el("td", undefined, "name"), open = el("button", r.name), state = el("td", r.state + (r.flapping ? ", flapping" : ""), "state");
  open.type = "button";
  open.addEventListener("click", () => show(r.name));
  name.append(open);
  state.style.setProperty("--c", `var(--${r.state})`);
  const day = el("td", undefined, "day"), why = el("td", undefined, "why");
  day.append(strip(r));
  if (r.state !== "up" && (r.detail || r.cause)) why.append(r.detail || r.cause);
  if (r.state !== "up" && r.advice) why.append(el("em", r.advice));
  tr.append(name, state, el("td", duration(r.seconds), "number"), day, el("td", share(r.day.availability), "number"),
    el("td", r.day.losses ? number(r.day.losses) : "", "number"), el("td", isFinite(r.next) ? `in ${duration(r.next)}` : "", "number"), why);
  return tr;
}

function matches(r) {
  const needle = view.filter.toLowerCase();
  if (view.state && r.state !== view.state) return false;
  return !needle || [r.name, r.peer, r.group, r.cause, r.reason].some(t => (t || "").toLowerCase().includes(needle));
}

function draw() {
  if (!snapshot) return;
  const all = rows();
  top_(all);
  causes(all);
  const down = view.sort.startsWith("-"), key = down ? view.sort.slice(1) : view.sort, by = ORDER[key] || ORDER.state;
  const shown = all.filter(matches).sort((a, b) => (down ? by(b, a) : by(a, b)) || natural(a.name, b.name));
  const head = $("table").tHead.rows[0];
  if (!head.cells.length) for (const [column, text] of COLUMNS) {
    const th = el("th"), b = el("button", text);
    b.type = "button"; b.dataset.key = column;
    b.addEventListener("click", () => { view.sort = view.sort === column ? "-" + column : column; draw(); });
    th.append(b);
    head.append(th);
  }
  for (const b of head.querySelectorAll("button")) {
    if (b.dataset.key === key) b.setAttribute("aria-sort", down ? "descending" : "ascending"); else b.removeAttribute("aria-sort");
  }
  const parts = new Map();
  for (const r of shown.slice(0, MOST)) { const part = view.by ? r[view.by] || `no ${view.by} known` : ""; if (!parts.has(part)) parts.set(part, []); parts.get(part).push(r); }
  const lines = [];
  for (const [part, many] of [...parts].sort((a, b) => natural(a[0], b[0]))) {
    if (view.by) {
      const tr = el("tr", undefined, "head"), sum = many.reduce((s, r) => [s[0] + (r.day.up || 0), s[1] + (r.day.down || 0)], [0, 0]);
      const td = el("td", `${part}: ${many.filter(r => r.state === "up").length} of ${many.length} up, available ${share(sum[0] + sum[1] ? sum[0] / (sum[0] + sum[1]) : undefined)}`);
      td.colSpan = COLUMNS.length;
      tr.append(td);
      lines.push(tr);
    }
    lines.push(...many.map(line));
  }
  $("table").tBodies[0].replaceChildren(...lines);
  $("none").hidden = shown.length > 0;
  const more = shown.length > MOST ? `, the first ${number(MOST)} are shown` : "";
  $("count").textContent = (shown.length === all.length ? `${number(all.length)} connections` : `${number(shown.length)} of ${number(all.length)}`) + more;
  const options = ["", ...STATES.filter(s => all.some(r => r.state === s) || s === view.state)];
  if ([...$("state").options].map(o => o.value).join() !== options.join()) {
    $("state").replaceChildren(...options.map(s => { const o = el("option", s || "All states"); o.value = s; return o; }));
  }
  $("state").value = view.state; $("by").value = view.by;
  if ($("filter").value !== view.filter) $("filter").value = view.filter;
  document.body.dataset.ready = days.size ? "yes" : "state";
  history.replaceState(null, "", "#" + new URLSearchParams(Object.entries(view).filter(([, v]) => v)));
}

async function get(path) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(20000) });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

async function show(name) {
  chosen = name;
  const answer = await get(`history.json?name=${encodeURIComponent(name)}`).catch(() => null);
  if (chosen !== name) return;
  $("one").hidden = false;
  $("one").querySelector("h2").textContent = name;
  const many = answer ? answer.outages : [];
  $("one").querySelector("p").textContent = !answer ? "There is no history." : many.length ? `Down ${many.length === 1 ? "once" : many.length + " times"} in the last 24 h, the last first:` : "Never down in the last 24 h.";
  $("one").querySelector("ol").replaceChildren(...many.reverse().slice(0, 200).map(o =>
    el("li", `${clock(o.since)}: ${o.until === undefined ? "still down after" : "down for"} ${duration(o.seconds)}${o.cause ? `, ${o.cause}` : ""}${o.detail ? `: ${o.detail}` : ""}`)));
  $("one").scrollIntoView({ block: "nearest" });
}

async function look() {
  try {
    snapshot = await get("state.json");
    document.body.classList.remove("stale");
    draw();
  } catch {
    document.body.classList.add("stale");
    $("when").textContent = "autod does not answer; this is how it was last";
  }
  setTimeout(look, EVERY);
}

async function lookBack() {
  try {
    const day = await get("day.json");
    days = new Map(day.connections.map(connection => [connection.name, connection]));
    outages = new Map();
    for (const outage of day.outages) { if (!outages.has(outage.connection)) outages.set(outage.connection, []); outages.get(outage.connection).push(outage); }
    stretch = [day.since, day.until];
    draw();
  } catch { /* no history is kept */ }
  setTimeout(lookBack, 60000);
}

$("filter").addEventListener("input", () => { view.filter = $("filter").value; draw(); });
$("state").addEventListener("change", () => { view.state = $("state").value; draw(); });
$("by").addEventListener("change", () => { view.by = $("by").value; draw(); });
$("theme").addEventListener("click", () => { const dark = document.documentElement.dataset.theme === "dark"; document.documentElement.dataset.theme = dark ? "light" : "dark"; });
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
look();
lookBack();
