/* A field that opens a list of options says so to screen readers: Mantine leaves out the role and whether it is open. */
(function () {
  "use strict";
  var FIELD = "input[aria-haspopup=listbox]";

  function tell(field) {
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", String(field.dataset.expanded === "true"));
  }

  document.addEventListener("focusin", function (event) {
    if (event.target.matches(FIELD)) { tell(event.target); }
  });
  new window.MutationObserver(function (changes) {
    changes.forEach(function (change) { if (change.target.matches(FIELD)) { tell(change.target); } });
  }).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["data-expanded"] });
})();
