// What pages do better with a script. Everything works without it.
"use strict";

const main = () => document.getElementById("main");

// The old page stays while the next one loads; a bar shows after 300 ms (shop.css).
document.addEventListener("htmx:beforeRequest", (event) => {
  main()?.setAttribute("aria-busy", "true");
  event.detail.requestConfig.triggeringEvent?.submitter?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", () => {
  for (const busy of document.querySelectorAll('[aria-busy="true"]')) busy.removeAttribute("aria-busy");
});
// Nothing came back, not even an error page: load the plain way, so that the browser says so.
document.addEventListener("htmx:sendError", (event) => {
  const { verb, path } = event.detail.requestConfig;
  if (verb === "get") location.assign(path);
  else if (event.detail.elt instanceof HTMLFormElement) HTMLFormElement.prototype.submit.call(event.detail.elt);
});

// A new page is read from its errors, its note, or its heading on. A link that is still there keeps the focus.
document.addEventListener("htmx:afterSettle", () => {
  dressFrame();
  const news = document.getElementById("errors") ?? document.getElementById("note");
  if (news) news.focus();
  else if (document.activeElement === document.body || document.activeElement === null)
    document.querySelector("h1")?.focus();
  lookAgain();
});

// A swap leaves <html> as it was, but another tab may have chosen another language or theme.
function dressFrame() {
  const { lang, theme } = main()?.dataset ?? {};
  if (!lang) return;
  document.documentElement.lang = lang;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// The API is away: look again until it is back. Only here, a form is never sent by itself.
function lookAgain() {
  const page = document.querySelector("[data-retry-s]");
  if (!page) return;
  setTimeout(async () => {
    if (!page.isConnected) return;
    try {
      const headers = { Accept: "text/html", "X-Looks-Again": "1" };
      if ((await fetch(location.href, { headers })).status !== 503) return location.reload();
    } catch {
      // The web part is away as well.
    }
    lookAgain();
  }, Number(page.dataset.retryS) * 1000);
}
lookAgain();

document.addEventListener("keydown", (event) => {
  if (event.key === "s" && (event.ctrlKey || event.metaKey) && !event.altKey) {
    // Only where something is typed: a button that has the focus may sign out or delete.
    const typing = document.activeElement?.matches("input, select, textarea") ? document.activeElement : null;
    const form = typing?.closest('main form[method="post"]') ?? document.querySelector("form[data-save]");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const names = [...document.querySelectorAll(".list a.name")].filter((link) => link.offsetParent !== null);
    const at = names.indexOf(document.activeElement);
    const next = names[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }
});
