// Says when a page that refreshes itself has stopped hearing from Tapslip, so that nobody trusts an old picture.
"use strict";
(() => {
  const note = document.getElementById("no-answer");
  const silent = () => { note.hidden = false; };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(name, silent);
  }
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status < 400) { note.hidden = true; }
  });
})();
