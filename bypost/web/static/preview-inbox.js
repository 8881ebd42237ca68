// The inbox over time: the list follows the slider while it moves. Without this the page is the
// same after a press on "Show". `go` and "opened" are those of preview.js.
"use strict";

const AGAIN_MS = 700; // until the page asks once more for what is being worked out
let waiting = 0;

function dateOf(first, day) {
  const date = new Date(`${first}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + day);
  const part = (options) => date.toLocaleDateString("en-GB", { ...options, timeZone: "UTC" });
  return `${part({ weekday: "long" })} ${part({ day: "numeric" })} ${part({ month: "long" })} ${part({ year: "numeric" })}`;
}

function slide(slider) {
  const day = Number(slider.value);
  const words = dateOf(slider.dataset.first, day);
  const [number, date] = document.getElementById("today").children;
  number.textContent = `Day ${day}`;
  date.textContent = words;
  slider.setAttribute("aria-valuetext", `Day ${day}, ${words}`);
  document.querySelectorAll(".rows li").forEach((row) => { row.hidden = Number(row.dataset.day) > day; });
}

function fitReading() {
  const frame = document.querySelector("#reading iframe");
  if (!frame) return;
  const measure = () => {
    const page = frame.contentDocument;
    if (page && page.body) frame.height = Math.ceil(page.documentElement.getBoundingClientRect().height);
  };
  frame.addEventListener("load", measure);
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") measure();
}

function settleInbox() {
  fitReading();
  const inbox = document.getElementById("inbox");
  clearTimeout(waiting);
  if (inbox && "working" in inbox.dataset) waiting = setTimeout(() => go(location.href, false), AGAIN_MS);
}

document.addEventListener("input", (event) => { if (event.target.id === "day") slide(event.target); });
document.addEventListener("opened", settleInbox);
settleInbox();
