/* How our scripts make an element, and how they hear that the page has grown. Dash loads assets by name: this one first.
   Text is only ever put in as text. */
(function () {
  "use strict";

  function make(tag, attributes, children) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      if (name === "text") { element.textContent = attributes.text; } else { element.setAttribute(name, attributes[name]); }
    });
    element.append.apply(element, children || []);
    return element;
  }

  // Calls `act` once a frame at most, whenever something was put into the page.
  function onGrowth(act) {
    var waiting = false;
    new window.MutationObserver(function () {
      if (waiting) { return; }
      waiting = true;
      window.requestAnimationFrame(function () { waiting = false; act(); });
    }).observe(document.documentElement, { childList: true, subtree: true });
  }

  window.yiping = window.yiping || {};
  Object.assign(window.yiping, { make: make, onGrowth: onGrowth });
})();
