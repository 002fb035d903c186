/* What a wall does with its pulse: fills itself anew, keeps its clocks, says that it paints, starts again when it must. */
(function () {
  "use strict";
  var mark = document.getElementById("life").dataset;
  var MINUTE = 60000;
  var LONGEST_WAIT = MINUTE, BEAT_EVERY = 15000;
  var LATEST_RELOAD = 2 * MINUTE, RELOAD_GAP = 10 * MINUTE, NOT_DRAWN = 30000;
  var HEAP_CEILING = 600 * 1048576;
  var DAYS = "日一二三四五六";
  var refilled = { snapshot: null, at: 0, wait: 0 };
  var reload = { build: null, wantedAt: null, nightly: night(new Date()), watching: false, checking: false };
  var beaten = { at: 0, key: "" };
  var last = null;
  var started = Date.now();

  function text(id, words) {
    var box = document.getElementById(id);
    if (box && box.textContent !== words) { box.textContent = words; }
  }

  // --- new data, in place ---------------------------------------------------------------------------------------------

  // A refill in flight would be replaced by the next one and never arrive: it is given a minute. One that failed is
  // tried again, with longer and longer waits.
  function refill(life) {
    if (life.isCurrent || life.missed || !isDrawn()) { return; }
    var isNew = refilled.snapshot !== life.pulse.snapshot, now = Date.now();
    var wait = isFilling() ? LONGEST_WAIT : refilled.wait;
    if (!isNew && life.what !== "back" && now - refilled.at < wait) { return; }
    refilled.wait = isNew ? 2 * window.yiping.life.interval : Math.min(LONGEST_WAIT, 2 * refilled.wait);
    refilled.snapshot = life.pulse.snapshot;
    refilled.at = now;
    window.dash_clientside.set_props("pulse", {
      data: { snapshot: life.pulse.snapshot, as_of: life.pulse.as_of, build: life.pulse.build, asked: now }
    });
  }

  // Dash's own mark, there while any callback is out.
  function isFilling() {
    return document.querySelector("._dash-loading-callback") !== null;
  }

  function isDrawn() {
    return document.getElementById("wall") !== null && Boolean(window.dash_clientside && window.dash_clientside.set_props);
  }

  // --- clocks ---------------------------------------------------------------------------------------------------------

  function clock() {
    var now = new Date();
    var day = (now.getMonth() + 1) + "月" + now.getDate() + "日 星期" + DAYS[now.getDay()];
    text("clock", day + " " + now.toTimeString().slice(0, 5));
    text("asof", last && last.asOf ? "数据截至 " + window.yiping.life.moment(last.asOf) : "");
    text("next", next(now));
  }

  function second() {
    clock();
    window.setTimeout(second, 1000 - Date.now() % 1000);
  }

  function next(now) {
    if (!last) { return ""; }
    if (last.missed) { return "正在重连"; }
    var left = Math.ceil((last.at + window.yiping.life.interval - now.getTime()) / 1000);
    return last.isCurrent ? Math.max(0, left) + " 秒后核对" : "正在更新";
  }

  // --- the heartbeat: after a paint, so that a frozen tab falls silent ------------------------------------------------

  function identity() {
    try {
      var known = window.localStorage.getItem("yiping-screen");
      if (!known) {
        known = Array.from(window.crypto.getRandomValues(new Uint8Array(16)), function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
        window.localStorage.setItem("yiping-screen", known);
      }
      return known;
    } catch (_) { return null; } // a browser that keeps nothing would be a new wall at each start
  }

  function pageName() {
    var shown = document.querySelector(".wall-page.is-shown");
    return shown ? shown.dataset.name : "";
  }

  function portrait(life) {
    var memory = window.performance.memory;
    return {
      id: identity(), name: mark.screen || "", page: pageName(), build: reload.build, snapshot: life.painted.snapshot,
      width: window.innerWidth, height: window.innerHeight, pixel_ratio: window.devicePixelRatio,
      heap_mb: memory ? Math.round(memory.usedJSHeapSize / 104857.6) / 10 : null
    };
  }

  function beat(life) {
    if (life.missed || !life.painted || !window.yiping.tour) { return; }
    var now = Date.now(), key = life.painted.snapshot + window.yiping.tour.page();
    if (key === beaten.key && now - beaten.at < BEAT_EVERY) { return; }
    window.requestAnimationFrame(function () {
      window.requestAnimationFrame(function () {
        var said = portrait(life);
        if (!said.id) { return; }
        beaten = { at: now, key: key };
        window.fetch("/api/v1/screens", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said), signal: AbortSignal.timeout(10000)
        }).catch(function () { beaten.at = 0; });
      });
    });
  }

  // --- starting again: a new build, the night, too much memory, a start that failed -----------------------------------

  // Walls of one room do not all go at once.
  function night(from) {
    var at = new Date(from), said = (mark.reloadAt || "04:00").split(":");
    at.setHours(Number(said[0]), Number(said[1]), Math.floor(Math.random() * 120), 0);
    if (at <= from) { at.setDate(at.getDate() + 1); }
    return at.getTime();
  }

  function mustReload(life) {
    var memory = window.performance.memory;
    if (reload.build === null) { reload.build = life.pulse.build; }
    return life.pulse.build !== reload.build || Date.now() >= reload.nightly ||
      Boolean(memory && memory.usedJSHeapSize > HEAP_CEILING) || (!isDrawn() && Date.now() - started > NOT_DRAWN);
  }

  function isTooSoon() {
    try {
      var passed = Date.now() - Number(window.sessionStorage.getItem("yiping-reloaded") || -RELOAD_GAP);
      return passed >= 0 && passed < RELOAD_GAP;
    } catch (_) { return Date.now() - started < RELOAD_GAP; }
  }

  function watch() {
    if (reload.watching || !window.yiping.tour) { return; }
    reload.watching = true;
    window.yiping.tour.atPageChange(function () { if (reload.wantedAt !== null) { start(); } });
  }

  function consider(life) {
    watch();
    if (life.missed || !life.pulse || !mustReload(life)) { return; }
    if (reload.wantedAt === null) { reload.wantedAt = Date.now(); }
    if (!isDrawn() || Date.now() - reload.wantedAt > LATEST_RELOAD) { start(); }
  }

  // Never onto a dead server: the very page must answer first.
  function start() {
    if (reload.checking || isTooSoon()) { return; }
    reload.checking = true;
    window.fetch(window.location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      try { window.sessionStorage.setItem("yiping-reloaded", String(Date.now())); } catch (_) { /* isTooSoon knows */ }
      window.location.reload();
    }).catch(function () { reload.checking = false; });
  }

  document.addEventListener("yiping:life", function (event) {
    var life = event.detail;
    last = { asOf: life.asOf, missed: life.missed, isCurrent: life.isCurrent, at: life.what === "painted" && last ? last.at : Date.now() };
    clock(); // not a second later: the head must not say otherwise than the band
    consider(life);
    if (life.pulse) { refill(life); }
    beat(life);
  });
  second();
})();
