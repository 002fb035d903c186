/* The wall goes round: one page after another, each for its seconds; keys for whoever stands there; the size of the signal.
   `yiping.tour.page()` is the key of the page shown; `yiping.tour.atPageChange(fn)` calls fn(key) whenever another is shown. */
(function () {
  "use strict";
  var WIDE = 2.4, TALL = 0.9;
  var SHIFT_EVERY = 600000;
  var SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]];
  var said = document.getElementById("life").dataset;
  var root = document.documentElement;
  var state = { pages: [], at: -1, left: 0, paused: false, last: 0, listeners: [] };

  // --- size: rem follows the signal; on a stretched wall the page is laid out wide and pressed together again -----------

  function fit() {
    var stretch = Number(said.stretch) || 1;
    var ratio = window.innerWidth * stretch / window.innerHeight;
    root.style.setProperty("--stretch", String(stretch));
    root.dataset.ratio = ratio >= WIDE ? "wide" : ratio < TALL ? "tall" : "base";
  }

  // Lit pixels age: the whole page moves by two of them now and then.
  function shift(step) {
    var wall = document.getElementById("wall");
    wall.style.setProperty("--shift-x", SHIFTS[step % SHIFTS.length][0] + "px");
    wall.style.setProperty("--shift-y", SHIFTS[step % SHIFTS.length][1] + "px");
    window.setTimeout(function () { shift(step + 1); }, SHIFT_EVERY);
  }

  // --- the tour ---------------------------------------------------------------------------------------------------------

  function inTour() {
    return state.pages.filter(function (page) { return page.dataset.seconds; });
  }

  function shown() {
    return state.pages[state.at];
  }

  function secondsOf(page) {
    return Number(said.seconds || page.dataset.seconds || 0);
  }

  function neighbour(step) {
    var tour = inTour();
    var at = tour.indexOf(shown());
    return tour[(Math.max(at, step > 0 ? -1 : 0) + step + tour.length) % tour.length];
  }

  function text(id, words) {
    document.getElementById(id).textContent = words;
  }

  function show(page) {
    state.at = state.pages.indexOf(page);
    state.left = secondsOf(page) * 1000;
    state.pages.forEach(function (other) {
      other.classList.toggle("is-shown", other === page);
      other.setAttribute("aria-hidden", String(other !== page));
    });
    text("wall-page-name", page.dataset.name);
    text("wall-following", inTour().length > 1 ? "下一屏 " + neighbour(1).dataset.name : "");
    state.listeners.forEach(function (listener) { listener(page.dataset.page); });
  }

  function pause(wanted) {
    state.paused = wanted;
    document.getElementById("wall-paused").hidden = !wanted;
  }

  function bar() {
    var whole = secondsOf(shown()) * 1000;
    var part = whole ? 1 - Math.max(0, state.left) / whole : 0;
    document.getElementById("wall-left-bar").style.transform = "scaleX(" + part.toFixed(4) + ")";
  }

  // A browser that slept must not hurry through the pages that it missed: no tick counts for more than a second.
  function tick() {
    var now = window.performance.now();
    var passed = Math.min(1000, now - state.last);
    state.last = now;
    if (!shown() || state.paused) { return; }
    state.left -= passed;
    bar();
    if (state.left <= 0 && inTour().length > 1) { show(neighbour(1)); } else if (state.left <= 0) { show(shown()); }
  }

  // --- keys -------------------------------------------------------------------------------------------------------------

  function fullScreen() {
    if (document.fullscreenElement) { document.exitFullscreen(); } else { root.requestFullscreen().catch(function () {}); }
  }

  function toggleKeys() {
    var list = document.getElementById("wall-keys");
    list.hidden = !list.hidden;
  }

  var ACTIONS = {
    " ": function () { pause(!state.paused); },
    ArrowRight: function () { show(neighbour(1)); },
    ArrowLeft: function () { show(neighbour(-1)); },
    f: fullScreen, F: fullScreen, "?": toggleKeys, "？": toggleKeys
  };

  function onKey(event) {
    var act = ACTIONS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !shown()) { return; }
    event.preventDefault();
    act();
  }

  // --- start ------------------------------------------------------------------------------------------------------------

  function start() {
    if (!document.getElementById("wall")) { window.setTimeout(start, 50); return; }
    state.pages = Array.from(document.querySelectorAll(".wall-page"));
    state.last = window.performance.now();
    var asked = state.pages.filter(function (page) { return page.dataset.page === said.page; })[0];
    show(asked || inTour()[0]);
    pause(Boolean(asked));
    shift(0);
    window.setInterval(tick, 100);
  }

  fit();
  window.addEventListener("resize", fit);
  document.addEventListener("keydown", onKey);
  start();
  window.yiping = window.yiping || {};
  window.yiping.tour = {
    page: function () { return shown() ? shown().dataset.page : ""; },
    atPageChange: function (listener) { state.listeners.push(listener); }
  };
})();
