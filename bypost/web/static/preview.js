// The author's bench: shows what changed without losing the place, and leads from a mail to its
// Markdown. Without it pages are complete, and a reload shows what is new.
"use strict";

const LINE = /(?:^|\s)bypost-line-(\d+)(?:\s|$)/;
const seen = new Map(); // id of a part -> its HTML as the server wrote it
let stamp = null;
let shown = location.href;
let asked = 0;

// --- Frames: each as high as its mail, a new version swapped in only once it is there.

function fit(frame) {
  const page = frame.contentDocument;
  if (page && page.body) frame.height = Math.ceil(page.documentElement.getBoundingClientRect().height);
}

function dress(frame) {
  fit(frame);
  const page = frame.contentDocument;
  if (!page || page.dressed) return;
  page.dressed = true;
  page.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const line = lineOf(event.target);
    if (line) showSource(line);
  });
  page.addEventListener("keydown", escape);
}

function attend(frame) {
  frame.addEventListener("load", () => dress(frame));
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") dress(frame);
}

function renew(frame, address) {
  const pane = frame.parentElement;
  pane.querySelectorAll(".coming").forEach((other) => other.remove());
  const next = frame.cloneNode(false);
  next.classList.add("coming");
  next.addEventListener("load", () => {
    if (!next.isConnected) return;
    dress(next);
    next.classList.remove("coming");
    frame.remove();
    pane.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
  }, { once: true });
  next.src = address;
  frame.after(next);
}

function setWidth(pane, width) {
  pane.dataset.width = width;
  pane.querySelectorAll("iframe").forEach((frame) => { frame.width = width; fit(frame); });
  const grip = pane.querySelector(".grip");
  grip.setAttribute("aria-valuenow", width);
  grip.setAttribute("aria-valuetext", `${width} pixels`);
  const caption = pane.querySelector("figcaption");
  caption.textContent = caption.textContent.replace(/^\d+/, width);
}

// The panes of one width, in all colour schemes, are moved together.
function resize(pane, width) {
  const to = Math.min(1200, Math.max(240, Math.round(width)));
  const from = pane.dataset.width;
  document.querySelectorAll(`.pane[data-width="${from}"]`).forEach((one) => setWidth(one, to));
}

function settle() {
  const widths = [...new Set([...document.querySelectorAll(".pane")].map((one) => one.dataset.width))];
  const url = new URL(location.href);
  url.searchParams.set("w", widths.join(","));
  open(url.href.replaceAll("%2C", ","), false);
}

function addGrip(pane) {
  if (pane.querySelector(".grip")) return;
  const grip = document.createElement("div");
  grip.className = "grip";
  grip.tabIndex = 0;
  for (const [name, value] of Object.entries({
    role: "slider", "aria-label": "Width of the mail", "aria-valuemin": 240, "aria-valuemax": 1200,
    "aria-valuenow": pane.dataset.width, "aria-valuetext": `${pane.dataset.width} pixels`,
  })) grip.setAttribute(name, value);
  grip.addEventListener("pointerdown", (event) => {
    const start = event.clientX - Number(pane.dataset.width);
    grip.setPointerCapture(event.pointerId);
    const move = (to) => resize(pane, to.clientX - start);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", move);
      settle();
    }, { once: true });
  });
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!step) return;
    event.preventDefault();
    resize(pane, Number(pane.dataset.width) + step * (event.shiftKey ? 1 : 5));
  });
  grip.addEventListener("keyup", (event) => { if (/^(Arrow|Page)/.test(event.key)) settle(); });
  pane.append(grip);
}

function layPanes(stage, fresh) {
  const before = [...stage.querySelectorAll(".pane")];
  const after = [...fresh.querySelectorAll(".pane")];
  if (!before.length || !after.length) {
    stage.replaceChildren(...fresh.childNodes);
  } else {
    const known = new Map(before.map((pane) => [paneKey(pane), pane]));
    const laid = after.map((pane) => {
      const old = known.get(paneKey(pane));
      if (!old) return pane;
      known.delete(paneKey(pane));
      const frame = old.querySelector("iframe");
      const address = pane.querySelector("iframe").getAttribute("src");
      const last = old.querySelector(".coming") || frame;
      if (last.getAttribute("src") !== address) renew(frame, address);
      old.id = pane.id;
      return old;
    });
    known.forEach((pane) => pane.remove());
    laid.forEach((pane, place) => {
      if (stage.children[place] !== pane) stage.insertBefore(pane, stage.children[place] || null);
    });
  }
  stage.className = fresh.className;
  for (const name of ["aria-label", "data-source"]) {
    if (fresh.hasAttribute(name)) stage.setAttribute(name, fresh.getAttribute(name));
  }
  prepare();
}

function paneKey(pane) {
  return `${pane.dataset.width} ${pane.id.split("-").pop()}`;
}

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

async function open(address, push = true) {
  const turn = ++asked;
  const answer = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (turn !== asked) return;
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
  open(address, push).catch(() => location.assign(address));
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
      node.style.outline = "2px solid #0E6B62";
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
    if (!found) return;
    event.preventDefault();
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

const news = new EventSource("/preview/events");
news.addEventListener("news", (event) => { if (event.data !== stamp) go(location.href, false); });
remember(document);
stamp = document.getElementById("head").dataset.stamp;
prepare();
