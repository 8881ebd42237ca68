// The author's bench: shows what changed without losing the place, and leads from a mail to its
// Markdown. Without it pages are complete, and a reload shows what is new. The frames on the stage
// are in preview-panes.js.
"use strict";

const LINE = /(?:^|\s)bypost-line-(\d+)(?:\s|$)/;
const seen = new Map(); // id of a part -> its HTML as the server wrote it
let stamp = null;
let shown = location.href;
let asked = 0;
let coming = null; // the visit on its way: where to, and whether it is a new entry of the history

// --- Pages: fetched anew, and only what differs is put in place.

function swap(page) {
  for (const fresh of page.querySelectorAll("[data-part]")) {
    const old = document.getElementById(fresh.id);
    const html = fresh.outerHTML;
    if (!old) return false;
    if (seen.get(fresh.id) === html) continue;
    seen.set(fresh.id, html);
    const part = document.importNode(fresh, true);
    if (fresh.dataset.part === "panes") {
      layPanes(old, part);
      continue;
    }
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const scroll = old.scrollTop;
    const closed = [...old.querySelectorAll("details[id]:not([open])")].map((one) => one.id);
    old.replaceWith(part);
    part.scrollTop = scroll;
    closed.forEach((id) => document.getElementById(id)?.removeAttribute("open"));
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }
  return true;
}

async function visit(address, push = true) {
  const turn = ++asked;
  coming = { address, push };
  const answer = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (turn !== asked) return;
  coming = null;
  const path = (url) => new URL(url, location.href).pathname;
  const other = path(answer.url) !== path(shown);
  shown = answer.url;
  if (push) history.pushState({}, "", shown);
  else history.replaceState({}, "", shown);
  if (other) closeSource();
  const main = page.getElementById("main");
  const same = [...main.querySelectorAll("[id][data-part]")].map((part) => part.id).join()
    === [...document.querySelectorAll("#main [id][data-part]")].map((part) => part.id).join();
  if (!same) {
    const fresh = document.importNode(main, true);
    document.getElementById("main").replaceWith(fresh);
    remember(page);
    prepare();
  }
  swap(page);
  if (other) {
    const stage = document.getElementById("stage");
    if (stage) stage.scrollTop = 0;
  }
  document.title = page.title;
  stamp = page.getElementById("head").dataset.stamp;
  document.dispatchEvent(new CustomEvent("opened"));
}

function go(address, push) {
  visit(address, push).catch(() => location.assign(address));
}

function remember(page) {
  page.querySelectorAll("[data-part]").forEach((part) => seen.set(part.id, part.outerHTML));
}

function prepare() {
  document.querySelectorAll(".pane").forEach(addGrip);
  document.querySelectorAll(".pane iframe").forEach(attend);
}

// --- From a mail to its Markdown.

function lineOf(node) {
  for (let at = node; at && at.getAttribute; at = at.parentElement) {
    const line = at.getAttribute("data-line") || (LINE.exec(at.className) || [])[1];
    if (line) return Number(line);
  }
  return 0;
}

function mark(line) {
  let first = null;
  document.querySelectorAll(".pane iframe").forEach((frame) => {
    const page = frame.contentDocument;
    page.querySelectorAll("[data-marked]").forEach((node) => {
      node.style.outline = "";
      node.removeAttribute("data-marked");
    });
    page.querySelectorAll(`[data-line="${line}"], .bypost-line-${line}`).forEach((node) => {
      node.style.outline = "2px solid #1A9C8F"; // seen on light and on dark mails
      node.setAttribute("data-marked", "");
      first = first || { frame, node };
    });
  });
  return first;
}

async function showSource(line) {
  mark(line);
  const stage = document.getElementById("stage");
  const answer = await fetch(`${stage.dataset.source}?line=${line}`, { credentials: "same-origin" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "plain";
  close.textContent = "Close";
  close.addEventListener("click", closeSource);
  const panel = document.getElementById("source");
  panel.replaceChildren(close, ...page.getElementById("source").childNodes);
  panel.dataset.shown = line;
  panel.hidden = false;
}

function closeSource() {
  const panel = document.getElementById("source");
  if (!panel || panel.hidden) return;
  panel.hidden = true;
  mark(0);
}

function escape(event) {
  if (event.key === "Escape") closeSource();
}

// --- What the author does.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.dataset.line) {
    const found = mark(link.dataset.line);
    const line = document.getElementById(`line-${link.dataset.line}`);
    if (!found && !line) return;
    event.preventDefault();
    if (line) {
      location.hash = line.id;
      return;
    }
    const stage = document.getElementById("stage");
    const top = found.node.getBoundingClientRect().top + found.frame.getBoundingClientRect().top;
    stage.scrollTop += top - stage.getBoundingClientRect().top - 80;
    showSource(link.dataset.line);
  } else if ("open" in link.dataset) {
    event.preventDefault();
    go(link.href);
  }
});

function addressOf(form) {
  const fields = new Map();
  for (const [name, value] of new FormData(form)) {
    if (value) fields.set(name, fields.has(name) ? `${fields.get(name)},${value}` : value);
  }
  const at = form.querySelector("#at");
  if (at && at.dataset.now && at.value === at.defaultValue) fields.delete("at");
  const query = new URLSearchParams([...fields]).toString().replaceAll("%2C", ",");
  return `${form.getAttribute("action")}?${query.replaceAll("%3A", ":")}`;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form.look");
  if (form) go(addressOf(form));
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.look")) return;
  event.preventDefault();
  go(addressOf(event.target));
});
document.addEventListener("keydown", escape);
document.addEventListener("renewed", () => {
  const panel = document.getElementById("source");
  if (!panel.hidden) showSource(panel.dataset.shown);
});
window.addEventListener("popstate", () => {
  const bare = (url) => url.split("#")[0];
  if (bare(location.href) !== bare(shown)) go(location.href, false);
});

// News while a choice is on its way asks for that choice again: the address shown is the one before.
// What a form was answered cannot be asked for again: its address wants the form.
function askAgain() {
  if (document.querySelector("[data-answer]") && !coming) return;
  const { address, push } = coming || { address: location.href, push: false };
  go(address, push);
}

const news = new EventSource("/preview/events");
news.addEventListener("news", (event) => { if (event.data !== stamp) askAgain(); });
remember(document);
stamp = document.getElementById("head").dataset.stamp;
prepare();
