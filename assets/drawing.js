/* What stands on the page, drawn again as SVG that any program can open: boxes, borders, texts where the browser put them,
   charts by Plotly, map areas as paths. No foreignObject (Word and Inkscape leave it blank), no styles to be looked up. */
(function () {
  "use strict";
  var NS = "http://www.w3.org/2000/svg";
  var SKIP = ".panel-head, .page-head, .hint, .toolbar, .leaflet-control-container, .leaflet-tooltip-pane, .panel-fault:empty, " +
    ".picture-button, .map-strip, .skip, script, style, input, select";
  var serial = 0;

  function node(tag, attributes, parent) {
    var element = document.createElementNS(NS, tag);
    Object.keys(attributes || {}).forEach(function (key) { element.setAttribute(key, String(attributes[key])); });
    if (parent) { parent.appendChild(element); }
    return element;
  }

  function round(number) { return Math.round(number * 100) / 100; }

  function isClear(colour) { return !colour || colour === "transparent" || /,\s*0\)$/.test(colour) || /\/\s*0\)$/.test(colour); }

  // --- boxes ---------------------------------------------------------------------------------------------------------

  function hatch(drawing, colour, ground) {
    var id = "hatch-" + (serial += 1), pattern = node("pattern", { id: id, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, drawing.defs);
    node("rect", { width: 6, height: 6, fill: ground }, pattern);
    node("path", { d: "M-1 1 1 -1 M0 6 6 0 M5 7 7 5", stroke: colour, fill: "none" }, pattern);
    return "url(#" + id + ")";
  }

  // A striped background is a hatch in the stripe's own colours.
  function fillOf(drawing, style) {
    var stripes = /repeating-linear-gradient/.test(style.backgroundImage) ? style.backgroundImage.match(/rgba?\([^)]*\)/g) : null;
    if (stripes) { return hatch(drawing, stripes[0], stripes[stripes.length - 1]); }
    return isClear(style.backgroundColor) ? "none" : style.backgroundColor;
  }

  function frame(drawing, style, box, parent) {
    var width = parseFloat(style.borderTopWidth) || 0, fill = fillOf(drawing, style);
    var isEven = ["Right", "Bottom", "Left"].every(function (side) {
      return style["border" + side + "Width"] === style.borderTopWidth && style["border" + side + "Color"] === style.borderTopColor;
    }) && style.borderTopStyle !== "none";
    var line = isEven && width && !isClear(style.borderTopColor) ? width : 0;
    if (fill !== "none" || line) {
      reach(drawing, box);
      var corner = style.borderTopLeftRadius, radius = Math.min((/%$/.test(corner) ? 0.5 * box.width : parseFloat(corner)) || 0, box.width / 2, box.height / 2);
      var rect = node("rect", {
        x: round(box.left + line / 2), y: round(box.top + line / 2), width: round(Math.max(box.width - line, 0)),
        height: round(Math.max(box.height - line, 0)), rx: round(radius), fill: fill
      }, parent);
      if (line) { rect.setAttribute("stroke", style.borderTopColor); rect.setAttribute("stroke-width", line); }
      if (line && style.borderTopStyle !== "solid") { rect.setAttribute("stroke-dasharray", "2 2"); }
    }
    if (!isEven) { edges(style, box, parent); }
  }

  // How far down anything stands: a panel may be higher than what it holds.
  function reach(drawing, box) { drawing.low = Math.max(drawing.low, box.top + box.height); }

  function edges(style, box, parent) {
    [["Top", 0, 0, 1, 0], ["Bottom", 0, 1, 1, 1], ["Left", 0, 0, 0, 1], ["Right", 1, 0, 1, 1]].forEach(function (side) {
      var width = parseFloat(style["border" + side[0] + "Width"]) || 0, colour = style["border" + side[0] + "Color"];
      var kind = style["border" + side[0] + "Style"];
      if (!width || kind === "none" || isClear(colour)) { return; }
      var dx = side[0] === "Left" ? width / 2 : side[0] === "Right" ? -width / 2 : 0, dy = side[0] === "Top" ? width / 2 : side[0] === "Bottom" ? -width / 2 : 0;
      var line = node("line", {
        x1: round(box.left + side[1] * box.width + dx), y1: round(box.top + side[2] * box.height + dy),
        x2: round(box.left + side[3] * box.width + dx), y2: round(box.top + side[4] * box.height + dy), stroke: colour, "stroke-width": width
      }, parent);
      if (kind !== "solid") { line.setAttribute("stroke-dasharray", "2 2"); }
    });
  }

  // A box that a style sheet puts before or after an element's own content: lines, dots; the browser tells where.
  function added(drawing, element, box, parent) {
    ["::before", "::after"].forEach(function (name) {
      var style = window.getComputedStyle(element, name);
      if (style.content === "none" || style.content === "normal" || style.position !== "absolute" || style.transform !== "none") { return; }
      var width = parseFloat(style.width), height = parseFloat(style.height);
      var at = { left: box.left + element.clientLeft + parseFloat(style.left), top: box.top + element.clientTop + parseFloat(style.top), width: width, height: height };
      if (width >= 0 && height >= 0 && !isNaN(at.left + at.top)) { frame(drawing, style, at, parent); }
    });
  }

  function clipped(drawing, box, parent) {
    var id = "clip-" + (serial += 1);
    node("rect", { x: round(box.left), y: round(box.top), width: round(box.width), height: round(box.height) }, node("clipPath", { id: id }, drawing.defs));
    return node("g", { "clip-path": "url(#" + id + ")" }, parent);
  }

  // --- texts ---------------------------------------------------------------------------------------------------------

  var pen = document.createElement("canvas").getContext("2d");

  function lines(text) {
    var range = document.createRange(), found = [], said = text.data;
    range.selectNodeContents(text);
    if (range.getClientRects().length <= 1) { return [{ text: said, box: range.getBoundingClientRect() }]; }
    for (var at = 0; at < said.length; at += 1) {
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      var box = range.getBoundingClientRect(), last = found[found.length - 1];
      if (!box.width) { continue; }
      if (last && Math.abs(last.box.top - box.top) < 2) { last.text += said[at]; last.right = box.right; } else { found.push({ text: said[at], box: box, right: box.right }); }
    }
    return found;
  }

  function shortened(said, room) {
    var text = said;
    while (text.length > 1 && pen.measureText(text + "…").width > room) { text = text.slice(0, -1); }
    return text + "…";
  }

  function write(drawing, text, style, parent) {
    if (!text.data.trim()) { return; }
    var holder = text.parentElement, isCut = style.textOverflow === "ellipsis" && holder.scrollWidth > holder.clientWidth + 1;
    pen.font = style.fontWeight + " " + style.fontSize + " " + style.fontFamily;
    lines(text).forEach(function (line) {
      var said = line.text.replace(/\s+/g, " "), metrics = pen.measureText(said);
      var ascent = metrics.fontBoundingBoxAscent, whole = ascent + metrics.fontBoundingBoxDescent;
      if (!said.trim() || !line.box.height) { return; }
      reach(drawing, line.box);
      if (isCut) { said = shortened(said, holder.getBoundingClientRect().right - line.box.left); }
      var written = node("text", {
        x: round(line.box.left), y: round(line.box.top + line.box.height * ascent / whole), fill: style.color,
        "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight, "xml:space": "preserve"
      }, parent);
      if (style.fontVariantNumeric !== "normal") { written.setAttribute("style", "font-variant-numeric:" + style.fontVariantNumeric); }
      if (style.textShadow !== "none") {
        written.setAttribute("stroke", (style.textShadow.match(/rgba?\([^)]*\)/) || ["#fff"])[0]);
        written.setAttribute("stroke-width", "3");
        written.setAttribute("paint-order", "stroke");
        written.setAttribute("stroke-linejoin", "round");
      }
      written.textContent = said;
    });
  }

  // --- pictures, charts, maps ----------------------------------------------------------------------------------------

  function place(element, box) {
    [["x", box.left], ["y", box.top], ["width", box.width], ["height", box.height]].forEach(function (pair) {
      element.setAttribute(pair[0], round(pair[1]));
    });
  }

  // A picture from another machine may not be read: it is left out, and said so.
  function picture(drawing, element, box, parent) {
    try {
      var copy = document.createElement("canvas");
      copy.width = element.naturalWidth || element.width || box.width * 2;
      copy.height = element.naturalHeight || element.height || box.height * 2;
      copy.getContext("2d").drawImage(element, 0, 0, copy.width, copy.height);
      place(node("image", { href: copy.toDataURL("image/png"), preserveAspectRatio: "none" }, parent), box);
    } catch (_) { drawing.missing = true; }
  }

  function readSvg(said, box, parent) {
    var svg = document.importNode(new DOMParser().parseFromString(said, "image/svg+xml").documentElement, true);
    if (svg.localName !== "svg") { return; }
    place(svg, box);
    parent.appendChild(svg);
  }

  function decoded(address) {
    var comma = address.indexOf(","), said = address.slice(comma + 1);
    return /;base64/.test(address.slice(0, comma)) ? new TextDecoder().decode(Uint8Array.from(atob(said), function (c) { return c.charCodeAt(0); })) : decodeURIComponent(said);
  }

  function image(drawing, element, box, parent) {
    if (/^data:image\/svg/.test(element.src)) { readSvg(decoded(element.src), box, parent); } else { picture(drawing, element, box, parent); }
  }

  function chart(drawing, element, box, parent) {
    var group = node("g", {}, parent);
    drawing.waits.push(window.Plotly.toImage(element, { format: "svg", width: box.width, height: box.height }).then(function (address) {
      readSvg(decoded(address), box, group);
    }));
  }

  // The vectors that Leaflet painted on this canvas, in its own order.
  function painted(canvas) {
    var frame = canvas.closest(".leaflet-container"), found = null;
    window.yiping.map.ready(frame.id.replace(/-map$/, ""), function (map) {
      map.eachLayer(function (layer) {
        var renderer = layer._renderer;
        if (!found && renderer && renderer._container === canvas) { found = { map: map, first: renderer._drawFirst, frame: frame.getBoundingClientRect() }; }
      });
    });
    return found;
  }

  function areas(drawing, found, parent) {
    var shift = found.map.layerPointToContainerPoint([0, 0]), x = found.frame.left + shift.x, y = found.frame.top + shift.y, stripes = null;
    for (var order = found.first; order; order = order.next) {
      var layer = order.layer, look = layer.options, shape = null;
      if (layer._parts && layer._parts.length) {
        shape = node("path", { d: layer._parts.map(function (part) {
          return "M" + part.map(function (point) { return round(x + point.x) + " " + round(y + point.y); }).join("L") + (look.fill ? "Z" : "");
        }).join(""), "fill-rule": look.fillRule || "evenodd" }, parent);
      } else if (layer._point && layer._radius) {
        shape = node("circle", { cx: round(x + layer._point.x), cy: round(y + layer._point.y), r: layer._radius }, parent);
      }
      if (!shape) { continue; }
      var isStriped = look.fill && typeof look.fillColor !== "string" && look.fillColor;
      if (isStriped && !stripes) { stripes = hatch(drawing, token("line-strong"), token("ground")); }
      shape.setAttribute("fill", !look.fill ? "none" : isStriped ? stripes : look.fillColor || look.color);
      if (look.fillOpacity < 1) { shape.setAttribute("fill-opacity", look.fillOpacity); }
      if (look.stroke && look.weight) { shape.setAttribute("stroke", look.color); shape.setAttribute("stroke-width", look.weight); shape.setAttribute("stroke-linejoin", "round"); }
      if (look.dashArray) { shape.setAttribute("stroke-dasharray", String(look.dashArray)); }
    }
  }

  function token(name) { return window.getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

  function canvas(drawing, element, box, parent) {
    var found = element.closest(".leaflet-container") ? painted(element) : null;
    if (found) { areas(drawing, found, parent); } else if (element.width) { picture(drawing, element, box, parent); }
  }

  function inlineSvg(element, box, parent) {
    var copy = element.cloneNode(true);
    copy.removeAttribute("style");
    place(copy, box);
    parent.appendChild(copy);
  }

  // --- the walk ------------------------------------------------------------------------------------------------------

  var KINDS = { img: image, canvas: canvas, svg: function (_, element, box, parent) { inlineSvg(element, box, parent); } };

  function byDepth(element) {
    function depth(child) { return child.nodeType === 1 ? parseInt(window.getComputedStyle(child).zIndex, 10) || 0 : 0; }
    return Array.from(element.childNodes).map(function (child, at) { return [depth(child), at, child]; })
      .sort(function (one, other) { return one[0] - other[0] || one[1] - other[1]; }).map(function (entry) { return entry[2]; });
  }

  function walk(drawing, element, parent) {
    if (element.matches(SKIP)) { return; }
    var style = window.getComputedStyle(element), box = element.getBoundingClientRect();
    if (style.display === "none" || style.opacity === "0" || element.closest(".hidden")) { return; }
    var isSeen = style.visibility !== "hidden";
    if (element.matches(".js-plotly-plot")) { reach(drawing, box); chart(drawing, element, box, parent); return; }
    if (isSeen && style.display !== "contents") { frame(drawing, style, box, parent); }
    var kind = KINDS[element.localName];
    if (kind) { if (isSeen && box.width && box.height) { reach(drawing, box); kind(drawing, element, box, parent); } return; }
    if (isSeen) { added(drawing, element, box, parent); }
    var inside = style.overflow !== "visible" && box.width && box.height ? clipped(drawing, box, parent) : parent;
    byDepth(element).forEach(function (child) {
      if (child.nodeType === 3 && isSeen) { write(drawing, child, style, inside); }
      if (child.nodeType === 1) { walk(drawing, child, inside); }
    });
  }

  // The children of `element` as a <g> whose origin is the element's own corner; `missing` where a picture could not be read.
  function draw(element) {
    var drawing = { defs: node("defs"), waits: [], low: 0, missing: false }, box = element.getBoundingClientRect();
    var group = node("g", { transform: "translate(" + round(-box.left) + " " + round(-box.top) + ")" });
    group.appendChild(drawing.defs);
    byDepth(element).forEach(function (child) { if (child.nodeType === 1) { walk(drawing, child, group); } });
    return Promise.all(drawing.waits).then(function () {
      var high = Math.min(box.height, drawing.low - box.top + 4);
      return { group: group, width: box.width, height: high, missing: drawing.missing };
    });
  }

  window.yiping = window.yiping || {};
  window.yiping.drawing = { draw: draw, node: node };
})();
