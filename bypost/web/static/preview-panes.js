// The frames on the stage of the author's bench: each as high as its mail, as wide as one likes, and
// a new version swapped in only once it is there. Calls visit, showSource and escape of preview.js.
"use strict";

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
  visit(url.href.replaceAll("%2C", ","), false);
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
