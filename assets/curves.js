/* On a curve whose figure tells its buckets (meta.spans): notes as numbered marks and as a list under it, a click that
   offers to write one, and dragging that chooses the period in whole buckets. Our own layer over Plotly: its hover and
   clicks stay as they are, and no selection rectangle of its own is left behind. */
(function () {
  "use strict";
  var yiping = window.yiping = window.yiping || {};
  var REACH = 8, WIDE = 22, HIGH = 19;
  var SHAPES = { note: "", change: "◆", action: "▲" };
  var curves = new Map();
  var undo = [];

  function address() { return window.location.search.replace(/^\?/, ""); }

  function short(day) { return Number(day.slice(5, 7)) + "月" + Number(day.slice(8, 10)) + "日"; }

  function long(day) { return day.slice(0, 4) + "年" + short(day); }

  // The year is said where it is not the year of the data.
  function said(curve, day) {
    return curve.told && curve.told.as_of.slice(0, 4) === day.slice(0, 4) ? short(day) : long(day);
  }

  function before(day) {
    var date = new Date(day + "T00:00:00Z");
    date.setUTCDate(date.getUTCDate() - 1);
    return date.toISOString().slice(0, 10);
  }

  function between(curve, first, after) {
    var last = before(after);
    if (last <= first) { return said(curve, first); }
    return said(curve, first) + "至" + (last.slice(0, 4) === first.slice(0, 4) ? short(last) : long(last));
  }

  // --- where things are --------------------------------------------------------------------------------------------

  function plot(curve) {
    var full = curve.graph._fullLayout;
    return full && full.xaxis && full.yaxis && full.meta && full.meta.spans && full.meta.spans.length ? full : null;
  }

  function across(full, day) { return full.xaxis._offset + full.xaxis.d2p(day); }

  function nearest(full, x) {
    var best = 0;
    full.meta.spans.forEach(function (span, place) {
      if (Math.abs(centre(full, place) - x) < Math.abs(centre(full, best) - x)) { best = place; }
    });
    return best;
  }

  // The points of a line stand at the beginnings of their buckets, the first one's before the period where it is cut.
  function centre(full, place) { return across(full, full.meta.points[place]); }

  function edges(full, first, last) {
    var left = full.xaxis._offset, right = left + full.xaxis._length, spans = full.meta.spans;
    var from = first > 0 ? (centre(full, first - 1) + centre(full, first)) / 2 : left;
    var to = last < spans.length - 1 ? (centre(full, last) + centre(full, last + 1)) / 2 : right;
    return [Math.max(left, from), Math.min(right, to)];
  }

  function at(curve, event) {
    var full = plot(curve), box = curve.box.getBoundingClientRect();
    var x = event.clientX - box.left, y = event.clientY - box.top;
    if (!full) { return null; }
    var inside = x >= full.xaxis._offset - 4 && x <= full.xaxis._offset + full.xaxis._length + 4 && y >= 0 && y <= full.yaxis._offset + full.yaxis._length;
    return inside ? { full: full, x: x, place: nearest(full, x) } : null;
  }

  // --- brushing ------------------------------------------------------------------------------------------------------

  function shade(curve, first, last) {
    var full = plot(curve), at = edges(full, first, last), spans = full.meta.spans;
    curve.shade.style.left = at[0] + "px";
    curve.shade.style.width = at[1] - at[0] + "px";
    curve.shade.style.top = full.yaxis._offset + "px";
    curve.shade.style.height = full.yaxis._length + "px";
    curve.shade.dataset.words = between(curve, spans[first][0], spans[last][1]);
    curve.shade.hidden = false;
  }

  function choose(curve, first, last) {
    var spans = plot(curve).meta.spans, here = new URLSearchParams(address());
    var chosen = [spans[first][0], before(spans[last][1])];
    undo.push({ since: here.get("since"), until: here.get("until"), chosen: chosen });
    yiping.period(chosen);
  }

  function takeBack() {
    var last = undo.pop(), here = new URLSearchParams(address());
    if (!last) { return; }
    ["since", "until"].forEach(function (key) { if (last[key]) { here.set(key, last[key]); } else { here.delete(key); } });
    // An address is read only where it stands (intents.js): so it is put there first.
    window.history.replaceState(window.history.state, "", window.location.pathname + "?" + here.toString());
    yiping.went(window.location.search);
  }

  // Somebody chose another period meanwhile: there is nothing to take back any more.
  function forget() {
    var here = new URLSearchParams(address()), last = undo[undo.length - 1];
    if (last && (here.get("since") !== last.chosen[0] || !here.get("until") || before(here.get("until")) !== last.chosen[1])) { undo = []; }
  }

  function follow(curve, event) {
    var begin = event.isPrimary && event.button === 0 ? at(curve, event) : null;
    if (!begin) { return; }
    var from = { x: event.clientX, y: event.clientY }, dragging = false, last = begin.place;

    function move(next) {
      var dx = Math.abs(next.clientX - from.x);
      if (!dragging && (dx < REACH || dx < Math.abs(next.clientY - from.y))) { return; }
      dragging = true;
      hideOffer(curve);
      last = nearest(begin.full, next.clientX - curve.box.getBoundingClientRect().left);
      shade(curve, Math.min(begin.place, last), Math.max(begin.place, last));
    }
    function end() {
      window.removeEventListener("pointermove", move, true);
      window.removeEventListener("pointerup", up, true);
      window.removeEventListener("pointercancel", end, true);
      window.removeEventListener("keydown", escape, true);
      curve.shade.hidden = true;
    }
    function up(done) {
      end();
      if (dragging) {
        choose(curve, Math.min(begin.place, last), Math.max(begin.place, last));
      } else if (Math.abs(done.clientX - from.x) < REACH && Math.abs(done.clientY - from.y) < REACH) {
        offer(curve, begin);
      }
    }
    function escape(key) {
      if (key.key === "Escape") { key.stopPropagation(); end(); }
    }
    window.addEventListener("pointermove", move, true);
    window.addEventListener("pointerup", up, true);
    window.addEventListener("pointercancel", end, true);
    window.addEventListener("keydown", escape, true);
  }

  // --- notes ---------------------------------------------------------------------------------------------------------

  function offer(curve, found) {
    var day = found.full.meta.spans[found.place][0];
    curve.offer.textContent = "＋ " + said(curve, day) + " 写批注";
    curve.offer.dataset.day = day;
    curve.offer.hidden = false;
    var wide = curve.offer.offsetWidth, most = curve.box.clientWidth - wide;
    curve.offer.style.left = curve.box.offsetLeft + Math.max(0, Math.min(centre(found.full, found.place) - wide / 2, most)) + "px";
    curve.offer.style.top = curve.box.offsetTop + found.full.yaxis._offset + found.full.yaxis._length - 34 + "px";
  }

  function hideOffer(curve) { curve.offer.hidden = true; }

  function compose(curve, anchor, day) {
    var make = yiping.make, told = curve.told || { name: "", place: "全县", as_of: "" }, open = yiping.sheet(anchor, "写批注");
    var when = make("input", { type: "date", required: "", max: told.as_of, lang: "zh-CN" });
    var text = make("textarea", { maxlength: "140", required: "", rows: "3", placeholder: "发生了什么，至多 140 字；不写个人姓名、住址" });
    var count = make("div", { "class": "sheet-count", text: "0/140" }), wrong = make("p", { "class": "sheet-wrong", role: "alert" });
    var open_to_all = yiping.tick("公开（去掉则仅本人可见）", true), sign = yiping.signature(told.name, told.is_known), text_field = yiping.field("批注", text);
    when.value = day || told.as_of;
    text_field.classList.add("is-tall");
    text.addEventListener("input", function () { count.textContent = text.value.length + "/140"; });
    var form = make("form", { "class": "sheet-form", "aria-label": "写批注" }, [
      yiping.field("日期", when), text_field, count, sign.line,
      make("div", { "class": "sheet-ticks" }, [open_to_all.line]),
      make("div", { "class": "sheet-about", text: "写在：" + told.place }),
      wrong, make("button", { type: "submit", "class": "sheet-main", text: "保存批注" })
    ]);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var metrics = plot(curve) ? plot(curve).meta.metrics : [];
      yiping.ask("POST", "/notes", {
        day: when.value, text: text.value, metric: metrics.length === 1 ? metrics[0] : "", query: address(),
        public: open_to_all.box.checked, name: sign.box.value
      }).then(function () { open.close(); fetchNotes(curve); }, function (error) { wrong.textContent = error.message; });
    });
    open.body.append(form);
    open.settle();
    text.focus();
  }

  function removal(curve, note) {
    return yiping.removal("curve-act", "删除批注 " + note.text, "/notes/" + note.id, function () { fetchNotes(curve); });
  }

  function sign(note, place) { return SHAPES[note.kind] || String(place + 1); }

  function line(curve, note, place) {
    var make = yiping.make;
    var about = [note.kind === "note" ? "" : note.kind_name, note.metric_name, note.author, note.made_at.slice(0, 10) && "写于 " + note.made_at.slice(0, 10), note.is_public ? "" : "仅本人可见"];
    return make("li", { "class": "curve-note" }, [
      make("span", { "class": "curve-sign is-" + note.kind, "aria-hidden": "true", text: sign(note, place) }),
      make("span", { "class": "curve-day", text: said(curve, note.day) }),
      make("span", { "class": "curve-text" }, [note.text + "\u2003", make("span", { "class": "curve-about", text: about.filter(Boolean).join(" · ") })])
    ].concat(note.is_mine ? [removal(curve, note)] : []));
  }

  function numbered(notes) {
    var count = -1;
    return notes.map(function (note) { return { note: note, place: note.kind === "note" ? (count += 1) : 0 }; });
  }

  function list(curve) {
    var make = yiping.make, notes = curve.told ? curve.told.notes : [];
    // Drawing the curve again must not take a button away from under a finger.
    var shown = JSON.stringify([curve.told, curve.wrong, undo.length > 0]);
    if (shown === curve.shown) { return; }
    curve.shown = shown;
    var write = make("button", { type: "button", "class": "curve-act", text: "＋ 写批注" });
    write.addEventListener("click", function () { compose(curve, write, ""); });
    var tools = [make("span", { "class": "curve-hint", text: "左右拖动可选时段" }), write];
    if (notes.length) { tools.unshift(make("span", { "class": "curve-hint is-count", text: "标注 " + notes.length + " 处" })); }
    if (undo.length) {
      var back = make("button", { type: "button", "class": "curve-act is-undo", text: "撤销框选" });
      back.addEventListener("click", takeBack);
      tools.splice(notes.length ? 1 : 0, 0, back);
    }
    var lines = numbered(notes).map(function (one) { return line(curve, one.note, one.place); });
    curve.strip.replaceChildren(make("div", { "class": "curve-tools" }, tools));
    if (curve.wrong) { curve.strip.append(make("p", { "class": "sheet-wrong", text: curve.wrong })); }
    if (lines.length) { curve.strip.append(make("ol", { "class": "curve-notes", tabindex: "0", "aria-label": "曲线上的批注" }, lines)); }
  }

  // Signs stand over the plot; one that would cover its neighbour or the words 本期未满 stands a row lower.
  function row(full, x, taken) {
    var right = full.xaxis._offset + full.xaxis._length, low = (full.annotations || []).length && x > right - 70 ? 1 : 0;
    while (taken[low] !== undefined && x - taken[low] < WIDE) { low += 1; }
    taken[low] = x;
    return low;
  }

  function marks(curve) {
    var full = plot(curve), make = yiping.make, taken = [];
    curve.marks.replaceChildren();
    if (!full || !curve.told) { return; }
    numbered(curve.told.notes).forEach(function (one) {
      var x = across(full, one.note.day), left = full.xaxis._offset;
      if (!(x >= left - 1 && x <= left + full.xaxis._length + 1)) { return; }
      var about = [one.note.author, one.note.made_at.slice(0, 10)].filter(Boolean).join(" ");
      var mark = make("div", { "class": "curve-mark is-" + one.note.kind }, [
        make("span", { "class": "curve-sign is-" + one.note.kind, text: sign(one.note, one.place) }),
        make("span", { "class": "curve-tip", text: said(curve, one.note.day) + " " + one.note.kind_name + "：" + one.note.text + (about ? "（" + about + "）" : "") })
      ]);
      mark.style.left = x + "px";
      var top = HIGH * (row(full, x, taken) - 1);
      mark.style.top = full.yaxis._offset + top + "px";
      mark.style.height = full.yaxis._length - top + "px";
      if (x > left + full.xaxis._length / 2) { mark.classList.add("is-right"); }
      curve.marks.append(mark);
    });
  }

  function fetchNotes(curve) {
    var full = plot(curve), query = new URLSearchParams(address());
    if (!full) { return; }
    query.set("metrics", full.meta.metrics.join(","));
    curve.asked = query.toString();
    var asked = curve.asked;
    yiping.ask("GET", "/notes?" + asked).then(function (told) { return [told, ""]; }, function () {
      return [null, "批注未能读取，曲线不受影响"];
    }).then(function (found) {
      if (curve.asked !== asked) { return; }
      curve.told = found[0];
      curve.wrong = found[1];
      marks(curve);
      list(curve);
    });
  }

  // --- one curve -----------------------------------------------------------------------------------------------------

  function drawn(curve) {
    var full = plot(curve), query = new URLSearchParams(address());
    hideOffer(curve);
    if (!full) { curve.marks.replaceChildren(); return; }
    query.set("metrics", full.meta.metrics.join(","));
    forget();
    if (query.toString() === curve.asked) { marks(curve); list(curve); } else { fetchNotes(curve); }
  }

  function begin(strip, graph) {
    var box = graph.closest(".chart"), make = yiping.make;
    var curve = { strip: strip, graph: graph, box: box, asked: "", told: null, wrong: "" };
    curve.marks = make("div", { "class": "curve-marks" });
    curve.shade = make("div", { "class": "curve-shade", hidden: "" });
    curve.offer = make("button", { type: "button", "class": "curve-offer", hidden: "" });
    curve.offer.addEventListener("click", function () { hideOffer(curve); compose(curve, curve.box, curve.offer.dataset.day); });
    box.classList.add("is-curve");
    box.append(curve.marks, curve.shade);
    // Beside the chart, not in it: to a screen reader the chart is one picture, and a picture holds no buttons.
    box.after(curve.offer);
    box.addEventListener("pointerdown", function (event) { follow(curve, event); });
    graph.on("plotly_afterplot", function () { drawn(curve); });
    curves.set(strip, curve);
    drawn(curve);
  }

  function look() {
    curves.forEach(function (_curve, strip) { if (!strip.isConnected) { curves.delete(strip); } });
    document.querySelectorAll("[data-curve]").forEach(function (strip) {
      var holder = document.getElementById(strip.dataset.curve);
      var graph = holder && (holder.classList.contains("js-plotly-plot") ? holder : holder.querySelector(".js-plotly-plot"));
      if (graph && graph.on && !curves.has(strip)) { begin(strip, graph); }
    });
  }

  yiping.onGrowth(look);

  document.addEventListener("keydown", function (event) {
    var busy = event.target.closest && event.target.closest("input, textarea, select, dialog, [role=listbox], [role=dialog]");
    if (event.key !== "Escape" || busy || event.defaultPrevented) { return; }
    var offered = Array.from(curves.values()).filter(function (curve) { return !curve.offer.hidden; });
    if (offered.length) { offered.forEach(hideOffer); } else if (undo.length && curves.size) { takeBack(); }
  });
})();
