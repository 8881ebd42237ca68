// Makes the local page nicer; everything works without it.
// Opens a mail beside the lists without loading them again, and gives its frame the mail's height.
"use strict";

function fit(frame) {
  const measure = () => {
    const page = frame.contentDocument;
    if (page && page.body) frame.height = page.documentElement.getBoundingClientRect().height + 2;
  };
  frame.addEventListener("load", measure);
  window.addEventListener("resize", measure);
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") measure();
}

function fitAll() {
  document.querySelectorAll("#opened iframe").forEach(fit);
}

async function open(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const opened = document.getElementById("opened");
  opened.replaceWith(document.importNode(page.getElementById("opened"), true));
  document.title = page.title;
  document.body.classList.toggle("chosen", page.body.classList.contains("chosen"));
  const path = new URL(address, location.href).pathname;
  document.querySelectorAll(".lists a[data-open]").forEach((link) => {
    if (link.pathname === path) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  fitAll();
}

function go(address) {
  open(address).catch(() => location.assign(address));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState({}, "", link.href);
  go(link.href);
  const opened = document.getElementById("opened");
  if (matchMedia("(max-width: 899px)").matches) opened.scrollIntoView();
});
window.addEventListener("popstate", () => go(location.href));
fitAll();
