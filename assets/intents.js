/* What the reader does becomes one message, {pick}, {drop}, {set} or {period}, in the "intent" store; the server answers with a new state.
   Anything with data-pick="town:990108001" or data-set="town=&village=" takes part: no callback per button. */
(function () {
  "use strict";
  var serial = 0;

  function message(kind, text) {
    serial += 1;
    var data = { at: Date.now() + serial / 1000 };
    data[kind] = text;
    return data;
  }

  function send(kind, text) {
    window.dash_clientside.set_props("intent", { data: message(kind, text) });
  }

  function keep() {
    return window.dash_clientside.no_update;
  }

  document.addEventListener("click", function (event) {
    var toggle = event.target.closest ? event.target.closest("[data-toggle]") : null;
    if (toggle) {
      var box = document.getElementById(toggle.dataset.toggle);
      toggle.setAttribute("aria-expanded", String(box.classList.toggle("is-open")));
    }
    var target = event.target.closest ? event.target.closest("[data-pick],[data-drop],[data-set]") : null;
    if (!target) { return; }
    ["pick", "drop", "set"].forEach(function (kind) {
      if (target.dataset[kind] !== undefined) { send(kind, target.dataset[kind]); }
    });
  });

  // Going to another place is a step that Back takes back; filters and views change the step one is on.
  var STEPS = ["town", "village", "grid", "case"];

  function isStep(query) {
    var wanted = new URLSearchParams(query), here = new URLSearchParams(window.location.search);
    return STEPS.some(function (key) { return String(wanted.getAll(key)) !== String(here.getAll(key)); });
  }

  // A state read from an address (origin.read) only puts that address right: it makes no entry, or Back would lead to
  // what led here; and it comes too late where the reader has gone on to another address meanwhile.
  function writeAddress(query, origin) {
    if (typeof query !== "string") { return keep(); }
    var read = origin && typeof origin.read === "string" ? origin.read : null;
    var here = window.location.search.replace(/^\?/, "");
    if (query === here || (read !== null && read !== here)) { return ""; }
    // Not Location.search: its router would build the whole page again.
    var wanted = window.location.pathname + "?" + query;
    if (read === null && isStep(query)) {
      window.history.pushState({}, "", wanted);
    } else {
      window.history.replaceState(window.history.state, "", wanted);
    }
    return "";
  }

  // dcc.Location does not know what writeAddress wrote: back at the address it knows, it says nothing, so we do.
  var known = window.location.href;

  window.addEventListener("_dashprivate_pushstate", function () { known = window.location.href; });
  window.addEventListener("popstate", function () {
    if (window.location.href === known) { send("went", window.location.search); }
    known = window.location.href;
  });

  function pickFromChart(click) {
    var point = click && click.points && click.points[0];
    var pick = point && point.customdata;
    if (Array.isArray(pick)) { pick = pick[0]; }
    return typeof pick === "string" && pick.indexOf(":") > 0 ? message("pick", pick) : keep();
  }

  function pickFromGrid(click) {
    var row = click && click.rowId;
    return typeof row === "string" && row.indexOf(":") > 0 ? message("pick", row) : keep();
  }

  // On a phone the links are a row that is longer than the screen.
  function show(link) {
    var row = link.parentElement;
    row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }

  function navigate(query, current) {
    var links = document.querySelectorAll(".nav-link");
    return Array.prototype.map.call(links, function (link) {
      var path = link.getAttribute("href").split("?")[0];
      if (path === current && !link.classList.contains("is-current")) { show(link); }
      link.classList.toggle("is-current", path === current);
      if (path === current) { link.setAttribute("aria-current", "page"); } else { link.removeAttribute("aria-current"); }
      var kept = new URLSearchParams(query || "");
      kept.delete("case");
      var own = String(kept) || (path === "/wuhua" ? "severity=general" : "");
      return own ? path + "?" + own : path;
    });
  }

  function setMetric(metric, query) {
    if (!metric) { return keep(); }
    var current = new URLSearchParams(query || "").get("metric") || "accepted";
    return metric === current ? keep() : message("set", "metric=" + metric);
  }

  window.yiping = window.yiping || {};
  window.yiping.pick = function (text) { send("pick", text); };
  window.yiping.went = function (query) { send("went", query); };
  window.yiping.period = function (days) { send("period", days); };
  window.yiping.set = function (text) { send("set", text); };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, {
    writeAddress: writeAddress,
    pickFromChart: pickFromChart,
    pickFromGrid: pickFromGrid,
    setMetric: setMetric,
    navigate: navigate
  });
})();
