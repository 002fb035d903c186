/* The heat surface on a county map: one picture above the areas and below the outlines, replaced in place.
   `yiping.density.show(map, query, bandwidth, onLegend)` and `yiping.density.hide(map)`; neither throws.
   onLegend gets what /api/v1/density says (state ok or hidden), or {state: "failed", reason}: then the last one stays. */
(function () {
  "use strict";
  var PANE = "yiping-density";
  var FAILED = { state: "failed", reason: "热力面未更新，其余正常" };

  function stateOf(map) {
    if (!map.yipingDensity) { map.yipingDensity = { overlay: null, request: null }; }
    return map.yipingDensity;
  }

  function pane(map) {
    if (!map.getPane(PANE)) {
      var made = map.createPane(PANE);
      made.style.zIndex = 430;
      made.style.pointerEvents = "none";
    }
    return PANE;
  }

  function ask(query, bandwidth, signal) {
    var address = "/api/v1/density?bandwidth=" + encodeURIComponent(bandwidth);
    var rest = String(query || "").replace(/^\?/, "");
    return window.fetch(rest ? address + "&" + rest : address, { signal: signal }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    });
  }

  // Loaded before it is shown, so that the old picture stays until the new one is complete.
  function load(address) {
    return new Promise(function (resolve, reject) {
      var image = new window.Image();
      image.onload = resolve;
      image.onerror = reject;
      image.src = address;
    });
  }

  function remove(map) {
    var own = stateOf(map);
    if (own.overlay) { own.overlay.remove(); own.overlay = null; }
  }

  function place(map, said) {
    var own = stateOf(map);
    if (own.overlay) {
      own.overlay.setBounds(said.bounds);
      own.overlay.setUrl(said.image);
    } else {
      own.overlay = window.L.imageOverlay(said.image, said.bounds, { pane: pane(map), className: "map-density" });
      own.overlay.addTo(map);
    }
  }

  function stop(map) {
    var own = stateOf(map);
    if (own.request) { own.request.abort(); own.request = null; }
  }

  // Promises the state that came of it: ok, hidden, failed, or outdated where a later call has taken over.
  function show(map, query, bandwidth, onLegend) {
    stop(map);
    var request = new window.AbortController();
    stateOf(map).request = request;
    function isOutdated() { return stateOf(map).request !== request; }
    function tell(said) {
      if (onLegend) { onLegend(said); }
      return said.state;
    }
    return ask(query, bandwidth, request.signal).then(function (said) {
      return said.state === "ok" ? load(said.image).then(function () { return said; }) : said;
    }).then(function (said) {
      if (isOutdated()) { return "outdated"; }
      if (said.state === "ok") { place(map, said); } else { remove(map); }
      return tell(said);
    }).catch(function () { return isOutdated() ? "outdated" : tell(FAILED); }).catch(function () { return "failed"; });
  }

  function hide(map) {
    stop(map);
    remove(map);
  }

  window.yiping = window.yiping || {};
  window.yiping.density = { show: show, hide: hide };
})();
