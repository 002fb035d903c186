/* The county map: areas in five classes, outlines, names that do not collide, clustered cases.
   Geometry is fetched here, once per level, because a GeoJSON layer that fetches by itself freezes after one failure.
   Data reaches the page as text nodes only. */
(function () {
  "use strict";
  var EMPTY = { type: "FeatureCollection", features: [] };
  var cache = {};
  var scenes = {};
  var maps = {};

  function token(name) {
    return window.getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function sleep(ms) {
    return new Promise(function (resolve) { window.setTimeout(resolve, ms); });
  }

  function fetchLevel(level, key, attempt) {
    return window.fetch("/api/v1/geometry/" + level + "?v=" + encodeURIComponent(key)).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    }).then(function (collection) {
      collection.level = level;
      collection.key = key;
      return collection;
    }).catch(function (problem) {
      if (attempt >= 3) { delete cache[level + key]; throw problem; }
      return sleep(400 * Math.pow(3, attempt)).then(function () { return fetchLevel(level, key, attempt + 1); });
    });
  }

  function geometry(level, key) {
    if (!cache[level + key]) { cache[level + key] = fetchLevel(level, key, 0); }
    return cache[level + key];
  }

  function stretch(box, part) {
    if (typeof part[0] === "number") {
      return box
        ? [Math.min(box[0], part[0]), Math.min(box[1], part[1]), Math.max(box[2], part[0]), Math.max(box[3], part[1])]
        : [part[0], part[1], part[0], part[1]];
    }
    return part.reduce(stretch, box);
  }

  function boxOf(collection, field, code) {
    var box = null;
    collection.features.forEach(function (feature) {
      var own = feature.properties;
      if (code && own[field] !== code) { return; }
      box = stretch(box, feature.geometry.coordinates);
    });
    return box;
  }

  function namePoints(towns) {
    return {
      type: "FeatureCollection",
      features: towns.features.filter(function (feature) { return feature.properties.lon; }).map(function (feature) {
        return {
          type: "Feature",
          properties: { name: feature.properties.name, town: feature.properties.code },
          geometry: { type: "Point", coordinates: [feature.properties.lon, feature.properties.lat] }
        };
      })
    };
  }

  function placeBox(place, areas, towns) {
    if (!place) { return boxOf(towns, "", ""); }
    var dimension = place.split(":")[0];
    var code = place.split(":")[1];
    if (dimension === "town") { return boxOf(towns, "code", code); }
    return boxOf(areas, dimension === areas.level ? "code" : dimension, code) || boxOf(towns, "", "");
  }

  function fit(map, animated) {
    var box = map.yipingBox;
    map.yipingMoving = true;
    map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { padding: [12, 12], animate: animated, duration: 0.5 });
    window.setTimeout(function () { map.yipingMoving = false; }, animated ? 900 : 100);
  }

  function moveTo(id, box, animated) {
    var map = maps[id + "-map"];
    // A page that was left and opened again has a new map; the old one's frame is gone from the document.
    if (!map || !map.getContainer().isConnected) { window.setTimeout(function () { moveTo(id, box, animated); }, 150); return; }
    map.yipingBox = box;
    map.yipingTouched = false;
    map.invalidateSize({ animate: false });
    fit(map, animated);
  }

  // The reader's own zoom stays as it is; an untouched map follows its frame.
  function follow(map) {
    map.on("zoomstart dragstart", function () { if (!map.yipingMoving) { map.yipingTouched = true; } });
    new window.ResizeObserver(function () {
      if (!map.getContainer().clientWidth) { return; }
      map.invalidateSize({ animate: false });
      if (map.yipingBox && !map.yipingTouched) { fit(map, false); }
    }).observe(map.getContainer());
  }

  // scene = {id, level, key, place}; shown = the GeoJSON that the layer has now.
  function scene(wanted, shown) {
    var keep = window.dash_clientside.no_update;
    if (!wanted || !wanted.key) { return [keep, keep, keep]; }
    var stale = !shown || shown.level !== wanted.level || shown.key !== wanted.key;
    return Promise.all([geometry(wanted.level, wanted.key), geometry("town", wanted.key)]).then(function (found) {
      var moved = stale && !(shown && shown.level) || scenes[wanted.id] !== wanted.place;
      scenes[wanted.id] = wanted.place;
      var box = moved ? placeBox(wanted.place, found[0], found[1]) : null;
      var first = !(shown && shown.level);
      if (box) { moveTo(wanted.id, box, !first); }
      return [
        stale ? found[0] : keep,
        first ? found[1] : keep,
        first ? namePoints(found[1]) : keep
      ];
    }, function () {
      var note = document.getElementById(wanted.id + "-trouble");
      if (note) { note.textContent = "网格边界未取到，其余正常；刷新页面可再试"; }
      return [keep, keep, keep];
    });
  }

  function isOutside(own, within) {
    if (!within) { return false; }
    return Object.keys(within).some(function (dimension) {
      return within[dimension].length && own[dimension] && within[dimension].indexOf(own[dimension]) < 0;
    });
  }

  function pickOf(own, hideout) {
    var place = { town: own.town, village: own.village };
    place[hideout.level] = own.code;
    return place;
  }

  function areaStyle(feature, context) {
    var hideout = context.hideout || {};
    var own = feature.properties;
    var outside = isOutside(pickOf(own, hideout), hideout.within);
    var step = (hideout.steps || {})[own.code];
    var chosen = (hideout.chosen || []).indexOf(own.code) >= 0;
    var fine = hideout.level === "grid";
    var style = { color: token("surface"), weight: fine ? 0.6 : 1, opacity: 1, fillOpacity: 1 };
    if ((hideout.small || []).indexOf(own.code) >= 0 && !outside) {
      // Too few cases for a rate: a solid pale area, not the dotted paper of "no data".
      style.fillColor = token("line");
    } else if (step === undefined || outside) {
      style.fillColor = token("ground");
      style.color = token("line-strong");
      style.dashArray = outside ? null : "2 3";
      style.weight = 0.7;
    } else {
      style.fillColor = token("seq-" + (step + 1));
    }
    if (chosen) { style.color = token("ink"); style.weight = 2.5; style.dashArray = null; }
    return style;
  }

  function hoverStyle() {
    return { color: token("ink"), weight: 2, dashArray: null };
  }

  function line(parent, className, text) {
    var part = document.createElement("div");
    part.className = className;
    part.textContent = text;
    parent.appendChild(part);
  }

  function areaFeature(feature, layer, context) {
    var own = feature.properties;
    adopt(context.map);
    layer.bindTooltip(function () {
      var hideout = context.hideout || {};
      var box = document.createElement("div");
      line(box, "map-tip-name", own.name);
      line(box, "map-tip-value", ((hideout.metric || "") + " " + ((hideout.texts || {})[own.code] || "无数据")).trim());
      return box;
    }, { sticky: true, className: "map-tip", direction: "top", opacity: 1 });
    layer.on("click", function () {
      var hideout = context.hideout || {};
      if (!hideout.picks) { return; }
      var outside = isOutside(pickOf(own, hideout), hideout.within);
      window.yiping.pick(outside && own.town ? "town:" + own.town : hideout.level + ":" + own.code);
    });
  }

  function outlineStyle() {
    return { color: token("outline"), weight: 1.3, fill: false, opacity: 1, interactive: false };
  }

  function nameMarker(feature, latlng) {
    var text = document.createElement("span");
    text.textContent = feature.properties.name;
    return window.L.marker(latlng, {
      icon: window.L.divIcon({ className: "map-name", html: text, iconSize: [0, 0] }),
      interactive: false, keyboard: false
    });
  }

  function casePoint(feature, latlng) {
    var own = feature.properties;
    var late = own.status === "overdue";
    var point = window.L.circleMarker(latlng, {
      radius: 5, color: token("surface"), weight: 1, fillOpacity: 1,
      fillColor: late ? token("worse") : token("accent")
    });
    point.bindTooltip(function () {
      var box = document.createElement("div");
      line(box, "map-tip-name", own.title || own.case_id);
      line(box, "map-tip-value", [own.case_id, own.kind_name, own.status_name].filter(Boolean).join(" · "));
      return box;
    }, { className: "map-tip", direction: "top", opacity: 1 });
    return point;
  }

  function caseCluster(feature, latlng) {
    var text = document.createElement("span");
    text.textContent = String(feature.properties.point_count);
    var size = feature.properties.point_count < 10 ? 24 : feature.properties.point_count < 100 ? 30 : 36;
    return window.L.marker(latlng, {
      icon: window.L.divIcon({ className: "map-cluster", html: text, iconSize: [size, size] }), keyboard: false
    });
  }

  // Names are placed from the largest area down; one that would cover another waits for a closer look.
  function overlap(a, b) {
    return a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom;
  }

  function placeNames() {
    document.querySelectorAll(".map .leaflet-container").forEach(function (map) {
      var taken = [];
      map.querySelectorAll(".map-name span").forEach(function (name) {
        name.style.visibility = "visible";
        var shifts = [-50, -115, 15, 80, -180];
        var placed = shifts.some(function (shift) {
          name.style.transform = "translate(-50%, " + shift + "%)";
          var box = name.getBoundingClientRect();
          if (taken.some(function (other) { return overlap(box, other); })) { return false; }
          taken.push(box);
          return true;
        });
        if (!placed) { name.style.visibility = "hidden"; }
      });
    });
  }

  var pending = null;
  function placeSoon() {
    window.clearTimeout(pending);
    pending = window.setTimeout(placeNames, 120);
  }

  function speakChinese(frame) {
    [["in", "放大"], ["out", "缩小"]].forEach(function (pair) {
      var button = frame.querySelector(".leaflet-control-zoom-" + pair[0]);
      if (button) { button.title = pair[1]; button.setAttribute("aria-label", pair[1]); }
    });
  }

  // Each drawing function is handed its map: that is how we meet it.
  function adopt(map) {
    if (!map || map.yipingAdopted) { return; }
    map.yipingAdopted = true;
    maps[map.getContainer().id] = map;
    speakChinese(map.getContainer());
    map.on("zoomend layeradd resize", placeSoon);
    follow(map);
  }

  window.yiping = window.yiping || {};
  window.yiping.map = {
    areaStyle: areaStyle, hoverStyle: hoverStyle, areaFeature: areaFeature, outlineStyle: outlineStyle,
    nameMarker: nameMarker, casePoint: casePoint, caseCluster: caseCluster, EMPTY: EMPTY
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, { scene: scene });
})();
