// Makes the public pages nicer; everything works without it.
// Guesses the time zone, sends the form without loading the page anew, and copies code.
"use strict";

const address = () => location.pathname + location.search;
let shown = address();

function guessZone(root) {
  const select = root.querySelector("select[data-guess]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!select || select.value || !zone) return;
  const known = Array.from(select.options).some((option) => option.value === zone);
  if (!known) select.add(new Option(zone.replaceAll("_", " "), zone));
  select.value = zone;
}

// Where a person goes on: what is wrong, else the new heading.
function attend(main) {
  const target = main.querySelector("#problems") || main.querySelector("h1") || main;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) throw new Error("no page came back");
  const main = document.querySelector("main");
  fresh.querySelectorAll("[autofocus]").forEach((node) => node.removeAttribute("autofocus"));
  main.replaceChildren(...Array.from(fresh.childNodes, (node) => document.importNode(node, true)));
  document.title = page.title;
  if (answer.redirected) history.pushState({}, "", answer.url);
  shown = address();
  prepare(main);
  attend(main);
}

function copyButtons(root) {
  if (!navigator.clipboard) return;
  root.querySelectorAll("textarea.code").forEach((code) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.value);
      button.textContent = "Copied";
    });
    code.after(button);
  });
}

// A lesson in a frame is as high as it is; without script the frame scrolls.
function fit(frame) {
  const measure = () => {
    const page = frame.contentDocument;
    if (!page || !page.body) return;
    const height = Math.ceil(page.documentElement.getBoundingClientRect().height);
    if (height) frame.style.height = `${height + 2}px`;
  };
  frame.addEventListener("load", measure);
  window.addEventListener("resize", measure);
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") measure();
}

function prepare(root) {
  root.querySelectorAll("iframe.mail").forEach(fit);
  guessZone(root);
  copyButtons(root);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  send(form, event.submitter).catch(() => form.submit());
});
// Back and forward between pages that were swapped; a link to a field of this page is none.
window.addEventListener("popstate", () => {
  if (address() !== shown) location.reload();
});
prepare(document);
const problems = document.getElementById("problems");
if (problems) problems.focus();
