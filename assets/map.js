/* The county map: areas in classes, outlines, names that do not collide, shapes on what calls for attention, clustered cases.
   Geometry is fetched here, once per level, because a GeoJSON layer that fetches by itself freezes after one failure.
   New values repaint the same areas: the layer's own `hideout` would take all of them out and put them in again.
   Data reaches the page as text nodes only. */
(function () {
  "use strict";
  var EMPTY = { type: "FeatureCollection", features: [] };
  var cache = {};
  var boards = {};

  // What is known of one map: its Leaflet map, what the server wants shown, what is shown instead (a replay), its areas.
  function board(id) {
    if (!boards[id]) { boards[id] = { id: id, map: null, scene: null, instead: null, areas: {}, place: null, marks: null }; }
    return boards[id];
  }

  function boardOf(map) {
    return board(map.getContainer().id.replace(/-map$/, ""));
  }

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

  // A grid alone would fill the map and say nothing: its surroundings come with it.
  function withNeighbours(box) {
    var wide = box[2] - box[0], high = box[3] - box[1];
    return [box[0] - wide, box[1] - high, box[2] + wide, box[3] + high];
  }

  // Where no towns are known (cases counted by cells), the areas themselves are the county.
  function placeBox(place, areas, towns) {
    var whole = boxOf(towns, "", "") || boxOf(areas, "", "");
    if (!place) { return whole; }
    var dimension = place.split(":")[0];
    var code = place.split(":")[1];
    if (dimension === "town") { return boxOf(towns, "code", code) || whole; }
    var box = boxOf(areas, dimension === areas.level ? "code" : dimension, code);
    return box && dimension === "grid" ? withNeighbours(box) : box || whole;
  }

  function fit(map, animated) {
    var box = map.yipingBox;
    map.yipingMoving = true;
    map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { padding: [12, 12], animate: animated, duration: 0.5 });
    window.setTimeout(function () { map.yipingMoving = false; }, animated ? 900 : 100);
  }

  function moveTo(id, box, animated) {
    var map = board(id).map;
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

  // wanted = {id, level, key, place, title, paint, texts, marks, rings, chosen, within, picks}; shown = the layer's GeoJSON.
  function scene(wanted, shown, query) {
    var keep = window.dash_clientside.no_update;
    if (!wanted) { return [keep, keep, keep]; }
    var own = board(wanted.id);
    own.scene = wanted;
    // The wall has neither layers nor a base map: their scripts are not loaded there.
    if (window.yiping.layers) { window.setTimeout(function () { window.yiping.layers.follow(wanted.id, query); }, 0); }
    if (!wanted.key) { return [keep, keep, keep]; }
    var first = !(shown && shown.level);
    var stale = first || shown.level !== wanted.level || shown.key !== wanted.key;
    if (!stale && own.place === wanted.place) { repaint(wanted.id); return [keep, keep, keep]; }
    var lines = wanted.level === "town" ? "town" : "outline-" + wanted.level;
    var parts = [wanted.level, "town", lines].map(function (layer) { return geometry(layer, wanted.key); });
    return Promise.all(parts).then(function (found) {
      // A slow answer: the reader has gone on, and the later scene draws itself.
      if (own.scene !== wanted) { return [keep, keep, keep]; }
      tellTrouble(wanted.id, "");
      var moved = first || own.place !== wanted.place;
      own.place = wanted.place;
      if (moved) {
        var box = placeBox(wanted.place, found[0], found[1]);
        if (box) { moveTo(wanted.id, box, !first); }
      }
      if (stale) { own.areas = {}; } else { repaint(wanted.id); }
      return [stale ? found[0] : keep, stale ? found[2] : keep, first ? namePoints(found[1]) : keep];
    }, function () {
      if (own.scene === wanted) { tellTrouble(wanted.id, "网格边界未取到，其余正常；改变筛选或刷新页面可再试"); }
      return [keep, keep, keep];
    });
  }

  function tellTrouble(id, text) {
    var note = document.getElementById(id + "-trouble");
    if (note) { note.textContent = text; }
  }

  function isOutside(own, within) {
    if (!within) { return false; }
    return Object.keys(within).some(function (dimension) {
      return within[dimension].length && own[dimension] && within[dimension].indexOf(own[dimension]) < 0;
    });
  }

  function placeOf(own, level) {
    var place = { town: own.town, village: own.village };
    place[level] = own.code;
    return place;
  }

  // The class of an area → how it is drawn. Colours are looked up once a picture, not once an area.
  function brushes(map) {
    var found = { none: { fillColor: token("ground"), color: token("line-strong"), dashArray: "2 3", weight: 0.7 } };
    ["seq-1", "seq-2", "seq-3", "seq-4", "seq-5", "level-red", "level-orange", "level-yellow", "level-blue", "level-flat"]
      .forEach(function (name) { found[name] = { fillColor: token(name), color: token("surface"), dashArray: null }; });
    // What is calm is pale, so that the eye goes to what is not.
    found["level-blue"].fillColor = token("area-blue");
    found["level-yellow"].color = token("line-strong");
    // Too few cases for a rate: light dots inside a whole line, not the broken line of "no data".
    found.small = { fillColor: pattern(function (pen) {
      [[2, 2], [6, 6]].forEach(function (dot) { pen.beginPath(); pen.arc(dot[0], dot[1], 0.9, 0, 7); pen.fill(); });
    }), color: token("line-strong"), dashArray: null };
    found.hatch = { fillColor: pattern(function (pen) {
      pen.beginPath();
      pen.moveTo(-2, 2); pen.lineTo(2, -2); pen.moveTo(0, 8); pen.lineTo(8, 0); pen.moveTo(6, 10); pen.lineTo(10, 6);
      pen.stroke();
    }), color: token("line-strong"), dashArray: null };
    found["seq-zero"] = { fillColor: token("surface"), color: token("line-strong"), dashArray: null };
    found.outside = { fillColor: token("ground"), color: token("line-strong"), dashArray: null, weight: 0.7 };
    found.ink = token("ink");
    found.hot = token("ring-hot");
    found.cold = token("ring-cold");
    var frame = map.getContainer().classList;
    found.fill = frame.contains("has-density") ? 0 : frame.contains("has-basemap") ? 0.72 : 1;
    return found;
  }

  function pattern(draw) {
    var tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    var pen = tile.getContext("2d");
    pen.fillStyle = token("ground");
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = token("line-strong");
    pen.fillStyle = token("outline");
    draw(pen);
    return pen.createPattern(tile, "repeat");
  }

  function styleOf(own, picture, brush) {
    var outside = isOutside(placeOf(own, picture.level), picture.within);
    var name = outside ? "outside" : (picture.paint || {})[own.code] || "none";
    var base = brush[name] || brush.none;
    var fine = picture.level === "grid";
    var style = {
      fillColor: base.fillColor, color: base.color, dashArray: base.dashArray, opacity: 1,
      weight: base.weight || (fine ? 0.6 : 1), fillOpacity: brush.fill
    };
    var ring = outside ? "" : (picture.rings || {})[own.code];
    if (ring) { style.color = brush[ring]; style.weight = 2.2; style.dashArray = ring === "cold" ? "3 3" : null; }
    if ((picture.chosen || []).indexOf(own.code) >= 0) { style.color = brush.ink; style.weight = 2.8; style.dashArray = null; }
    return style;
  }

  function pictureOf(own) {
    return own.instead || own.scene || {};
  }

  function areaStyle(feature, context) {
    var own = boardOf(context.map);
    if (!own.brush) { own.brush = brushes(context.map); }
    return styleOf(feature.properties, pictureOf(own), own.brush);
  }

  // Only areas that change are touched; Leaflet then draws its canvas once, in the next frame.
  function repaint(id) {
    var own = board(id);
    if (!own.map || !own.map.getContainer().isConnected) { return; }
    own.brush = brushes(own.map);
    var picture = pictureOf(own);
    var front = [];
    Object.keys(own.areas).forEach(function (code) {
      var layer = own.areas[code];
      var style = styleOf(layer.feature.properties, picture, own.brush);
      var has = layer.options;
      var same = has.fillColor === style.fillColor && has.color === style.color && has.weight === style.weight &&
        has.dashArray === style.dashArray && has.fillOpacity === style.fillOpacity;
      if (!same) { layer.setStyle(style); }
      if (style.weight > 2) { front.push(layer); }
    });
    front.forEach(function (layer) { layer.bringToFront(); });
    drawMarks(own, picture);
    window.requestAnimationFrame(function () {
      window.setTimeout(function () { own.map.getContainer().dataset.paintedAt = String(window.performance.now()); }, 0);
    });
  }

  // A shape for the classes that call for attention: colour alone would not be read by everybody.
  function drawMarks(own, picture) {
    if (own.marks) { own.marks.remove(); own.marks = null; }
    var wanted = Object.keys(picture.marks || {});
    if (!wanted.length) { return; }
    own.marks = window.L.layerGroup(wanted.filter(function (code) {
      return own.areas[code] && !isOutside(placeOf(own.areas[code].feature.properties, picture.level), picture.within);
    }).map(function (code) {
      var place = own.areas[code].feature.properties;
      var text = document.createElement("span");
      text.textContent = picture.marks[code];
      return window.L.marker([place.lat, place.lon], {
        icon: window.L.divIcon({ className: "map-mark is-" + picture.paint[code], html: text, iconSize: [18, 18] }),
        interactive: false, keyboard: false
      });
    })).addTo(own.map);
  }

  function hoverStyle() {
    return { color: token("ink"), weight: 2.8, dashArray: null };
  }

  function line(parent, className, text) {
    var part = document.createElement("div");
    part.className = className;
    part.textContent = text;
    parent.appendChild(part);
  }

  function areaFeature(feature, layer, context) {
    var place = feature.properties;
    adopt(context.map);
    var own = boardOf(context.map);
    own.areas[place.code] = layer;
    if (own.scene && !own.drawing) {
      own.drawing = true;
      window.setTimeout(function () { own.drawing = false; repaint(own.id); }, 0);
    }
    layer.bindTooltip(function () {
      var picture = pictureOf(own);
      var box = document.createElement("div");
      line(box, "map-tip-name", place.name);
      line(box, "map-tip-value", ((picture.title || "") + " " + ((picture.texts || {})[place.code] || "无数据")).trim());
      return box;
    }, { sticky: true, className: "map-tip", direction: "top", opacity: 1 });
    layer.on("click", function () {
      var picture = own.scene || {};
      if (!picture.picks) { return; }
      var outside = isOutside(placeOf(place, picture.level), picture.within);
      window.yiping.pick(outside && place.town ? "town:" + place.town : picture.level + ":" + place.code);
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

  function whenReady(id, back, tries) {
    var own = board(id);
    if (own.map && own.map.getContainer() && own.map.getContainer().isConnected) { back(own.map); return; }
    if (tries < 80) { window.setTimeout(function () { whenReady(id, back, tries + 1); }, 100); }
  }

  // Each drawing function is handed its map: that is how we meet it.
  function adopt(map) {
    if (!map || map.yipingAdopted) { return; }
    map.yipingAdopted = true;
    var own = boardOf(map);
    own.map = map;
    own.brush = null;
    if (window.yiping.basemap) {
      window.yiping.basemap.attach(map).then(function (shown) { if (shown) { repaint(own.id); } });
    }
    // A page that is left while the map still flies: Leaflet would go on moving what is no longer there.
    map.on("unload", function () { map.stop(); map._animatingZoom = false; });
    speakChinese(map.getContainer());
    map.on("zoomend layeradd resize", placeSoon);
    follow(map);
  }

  window.yiping = window.yiping || {};
  window.yiping.map = {
    areaStyle: areaStyle, hoverStyle: hoverStyle, areaFeature: areaFeature, outlineStyle: outlineStyle,
    nameMarker: nameMarker, casePoint: casePoint, caseCluster: caseCluster, EMPTY: EMPTY,
    // Another picture until it is taken back with null: the replay's.
    instead: function (id, picture) { board(id).instead = picture; repaint(id); },
    scene: function (id) { return board(id).scene; },
    repaint: repaint,
    // A layer of the snapshot's geometry, fetched once; and a look at a box [west, south, east, north].
    geometry: geometry,
    moveTo: moveTo,
    // Calls back with the map as soon as it is drawn.
    ready: function (id, back) { whenReady(id, back, 0); }
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.yiping = Object.assign(window.dash_clientside.yiping || {}, { scene: scene });
})();
