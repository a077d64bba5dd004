// What the shop does better with a script. Everything works without it.
"use strict";

// "/" leads to the search, as long as nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.activeElement?.matches("input, select, textarea, [contenteditable]")) return;
  const search = document.getElementById("q");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// A link that htmx takes is still a link: with a modifier held, the browser opens it its own way, and it alone.
document.addEventListener(
  "click",
  (event) => {
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (modified && event.target.closest?.("a[hx-get]")) event.stopImmediatePropagation();
  },
  true,
);

// Language and theme lead back to what is shown now, which need not be what the page was loaded with.
const leadBackHere = () => {
  const here = location.pathname + location.search;
  for (const link of document.querySelectorAll('a[href^="/language/"]'))
    link.setAttribute("href", `${link.pathname}?back=${encodeURIComponent(here)}`);
  for (const field of document.querySelectorAll('form[action="/preferences"] input[name="back"]')) field.value = here;
};
for (const name of ["htmx:pushedIntoHistory", "htmx:historyRestore"]) document.addEventListener(name, leadBackHere);
addEventListener("popstate", leadBackHere);

// The menu closes with Escape, and gives the focus back.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" ? document.querySelector(".menu[open]") : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The old content stays while the next one loads; a bar shows after 300 ms (shop.css).
const main = () => document.getElementById("main");
document.addEventListener("htmx:beforeRequest", () => main()?.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:afterRequest", () => main()?.removeAttribute("aria-busy"));

// Nothing came back, not even an error page: load the plain way, so that the browser says so.
document.addEventListener("htmx:sendError", (event) => {
  const { pathInfo } = event.detail;
  location.assign(pathInfo.finalRequestPath || pathInfo.requestPath);
});
// An error page has no list to take out of it: show it whole. That of a form holds what was sent, so it is not loaded
// anew.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo, requestConfig } = event.detail;
  if (xhr.status < 400 || xhr.status === 422) return;
  event.detail.shouldSwap = false;
  if (requestConfig.verb === "get") return location.assign(pathInfo.finalRequestPath || pathInfo.requestPath);
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
  document.querySelector("h1")?.focus();
});

// One more or one fewer is counted here; a form that htmx takes hears of it as if it had been typed.
document.addEventListener("click", (event) => {
  const step = event.target.closest?.('button[name="step"]');
  const field = step?.parentElement.querySelector("input");
  if (!field || !/^[0-9]{1,3}$/.test(field.value)) return;
  event.preventDefault();
  const least = step.form.matches(".add") ? 1 : 0;
  field.value = Math.min(Math.max(Number(field.value) + Number.parseInt(step.value, 10), least), 999);
  field.dispatchEvent(new Event("change", { bubbles: true }));
});

// The page of the browser's memory may count what was in the cart before; one that came over the wire knows better.
const count = () => document.getElementById("cart-link");
const remembered = "cart-link";
addEventListener("pageshow", (event) => {
  const [came] = performance.getEntriesByType("navigation");
  const old = event.persisted || (came?.type === "back_forward" && !came.transferSize);
  const known = sessionStorage.getItem(remembered);
  if (old && known && count()) count().outerHTML = known;
  else if (count()) sessionStorage.setItem(remembered, count().outerHTML);
  for (const button of document.querySelectorAll("[data-once] [aria-busy]")) button.removeAttribute("aria-busy");
});
document.addEventListener("htmx:afterSettle", () => count() && sessionStorage.setItem(remembered, count().outerHTML));
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-once]")) event.submitter?.setAttribute("aria-busy", "true");
});

// A field left empty narrows nothing, so it need not stand in the address.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters, triggeringEvent, verb } = event.detail;
  if (verb === "get")
    for (const name of new Set(parameters.keys?.() ?? Object.keys(parameters)))
      if (parameters[name] === "") delete parameters[name];
  // What was typed or counted here is sent without the button that was pressed last.
  if (triggeringEvent?.type === "change") for (const button of ["step", "remove", "redeem"]) delete parameters[button];
});

// Whoever types a quantity and then presses something must get it: were the page swapped under the pointer, the press
// would be lost. A button of the same form takes along what was typed; before anything else it is sent on its own.
let pressed = null;
document.addEventListener("pointerdown", (event) => (pressed = event.target.closest?.("a, button") ?? null), true);
addEventListener("pointerup", () => setTimeout(() => (pressed = null)), true);
addEventListener("pointercancel", () => (pressed = null), true);
document.addEventListener("htmx:confirm", (event) => {
  const { elt: form, triggeringEvent } = event.detail;
  if (triggeringEvent?.type !== "change" || !triggeringEvent.isTrusted || form.id !== "lines" || !pressed) return;
  event.preventDefault();
  if (pressed.form === form) return;
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true });
});
// Whoever presses "Remove" twice in one breath means one line: the second press would put another answer in the place of
// the note with its "Undo", or hit the line that moved up.
addEventListener(
  "click",
  (event) => {
    if (event.detail < 2 || !event.target.closest?.('button[name="remove"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
// To the checkout leads another page, not another #main: the browser goes there, as it would without htmx.
addEventListener(
  "submit",
  (event) => {
    if (event.submitter?.name === "checkout") event.stopImmediatePropagation();
  },
  true,
);

// Enter in a field says "change" and then, in the same breath, "submit": one of them is enough.
let justChanged = false;
document.addEventListener("htmx:confirm", (event) => {
  const type = event.detail.triggeringEvent?.type;
  if (type === "submit" && justChanged) event.preventDefault();
  if (type !== "change") return;
  justChanged = true;
  setTimeout(() => (justChanged = false));
});

// Filters that were unfolded come unfolded again: folding them even for a moment would move the page.
// What had the focus and went leaves it to its neighbours.
let goodsBefore = 0;
document.addEventListener("htmx:beforeSwap", (event) => {
  goodsBefore = document.querySelectorAll("#goods > li").length;
  if (document.querySelector(".facets")?.open)
    event.detail.serverResponse = event.detail.serverResponse.replace('class="facets"', 'class="facets" open');
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement && document.activeElement !== document.body) return;
  const appended = event.detail.target?.id === "goods";
  const next = appended ? `#goods > :nth-child(${goodsBefore + 1}) a` : ".chip";
  (document.querySelector(next) ?? document.querySelector("h1"))?.focus({ preventScroll: true });
});
