/* Is what this screen shows still the newest? Asks for the pulse, one question at a time, for weeks; says so in #band when
   the server, a refill or the source is gone. Others hear "yiping:life" on the document, with what `tell` puts together. */
(function () {
  "use strict";
  var mark = document.getElementById("life");
  var INTERVAL = Number(mark && mark.dataset.interval) || 5000;
  var PATIENCE = 0.8 * INTERVAL; // with the wait before it less than two intervals: so long may an outage stay unsaid
  var WORDS = { lost: "连接中断", stuck: "连接中断", late: "来源中断" };
  var state = { pulse: null, painted: null, heardAt: Date.now(), missed: 0, differsSince: null, asking: false, timer: 0 };
  var times = {};

  // --- the pulse ------------------------------------------------------------------------------------------------------

  function ask() {
    window.clearTimeout(state.timer);
    if (state.asking) { return; }
    state.asking = true;
    var stop = new AbortController();
    var limit = window.setTimeout(function () { stop.abort(); }, PATIENCE);
    window.fetch("/api/v1/pulse", { cache: "no-store", signal: stop.signal }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    }).then(heard, missed).then(function () {
      window.clearTimeout(limit);
      state.asking = false;
      state.timer = window.setTimeout(ask, INTERVAL);
    });
  }

  function heard(said) {
    var isBack = state.missed > 0;
    times[said.snapshot] = said.as_of;
    state.pulse = said;
    state.heardAt = Date.now();
    state.missed = 0;
    compare();
    tell(isBack ? "back" : "heard");
  }

  function missed() {
    state.missed += 1;
    tell("missed");
  }

  function compare() {
    var same = !state.pulse || (state.painted && state.painted.snapshot === state.pulse.snapshot);
    if (same) { state.differsSince = null; } else if (state.differsSince === null) { state.differsSince = Date.now(); }
  }

  // The wall says {snapshot, as_of}, the desk the snapshot's name.
  function painted(said) {
    if (!said) { return; }
    state.painted = typeof said === "string" ? { snapshot: said, as_of: times[said] } : said;
    compare();
    tell("painted");
  }

  // --- what is wrong, in words ----------------------------------------------------------------------------------------

  function trouble() {
    if (state.missed) { return "lost"; }
    var isWall = document.getElementById("wall") !== null;
    if (isWall && state.differsSince !== null && Date.now() - state.differsSince > 2 * INTERVAL) { return "stuck"; }
    return state.pulse && state.pulse.is_late ? "late" : "";
  }

  function pad(number) { return (number < 10 ? "0" : "") + number; }

  // “10:32” today, “3月14日 10:32” on another day.
  function moment(text) {
    if (!text) { return "–"; }
    var then = new Date(text), now = new Date();
    var day = then.toDateString() === now.toDateString() ? "" : (then.getMonth() + 1) + "月" + then.getDate() + "日 ";
    return day + pad(then.getHours()) + ":" + pad(then.getMinutes());
  }

  function span(milliseconds) {
    var seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds < 60) { return seconds + " 秒"; }
    if (seconds < 3600) { return Math.floor(seconds / 60) + " 分钟"; }
    if (seconds < 172800) { return Math.floor(seconds / 3600) + " 小时"; }
    return Math.floor(seconds / 86400) + " 天";
  }

  function shownAsOf() {
    return state.painted ? state.painted.as_of || times[state.painted.snapshot] : null;
  }

  function began(kind) {
    if (kind === "lost") { return state.heardAt; }
    return kind === "stuck" ? state.differsSince : new Date(state.pulse.as_of).getTime();
  }

  function text(element, words) {
    if (element.textContent !== words) { element.textContent = words; }
  }

  // Read out once, when it begins: the growing duration is for the eye only.
  function build(band) {
    if (band.childElementCount) { return; }
    var sentence = document.createElement("span"), since = document.createElement("span");
    sentence.setAttribute("role", "status");
    since.setAttribute("aria-hidden", "true");
    band.append(sentence, since);
  }

  function draw() {
    var band = document.getElementById("band");
    if (!band) { return; }
    build(band);
    var kind = trouble();
    band.dataset.state = kind;
    text(band.children[0], kind ? "▲ " + WORDS[kind] + " · 画面截至 " + moment(shownAsOf()) : "");
    text(band.children[1], kind ? " · 已 " + span(Date.now() - began(kind)) : "");
  }

  function tell(what) {
    draw();
    document.dispatchEvent(new CustomEvent("yiping:life", { detail: {
      what: what, pulse: state.pulse, painted: state.painted, asOf: shownAsOf(), isCurrent: state.differsSince === null, missed: state.missed
    } }));
  }

  function second() {
    draw();
    window.setTimeout(second, 1000 - Date.now() % 1000);
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, { painted: painted });
  window.yiping = window.yiping || {};
  window.yiping.life = { interval: INTERVAL, ask: ask, moment: moment, span: span };
  window.addEventListener("online", ask);
  window.addEventListener("offline", missed);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { ask(); } });
  ask();
  second();
})();
