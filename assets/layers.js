/* What lies on a map besides its areas: a replay that repaints them moment by moment, and the heat surface.
   Both follow the address: replay=open&pace=day&moment=2026-08-14, heat=w300. Data reaches the page as text only. */
(function () {
  "use strict";
  var VIEW = ["metric", "layer", "run", "replay", "moment", "pace", "heat", "case"];
  var DAYS = "日一二三四五六";
  var LEVELS = { red: "▲ 红", orange: "◆ 橙", yellow: "● 黄", blue: "■ 蓝", none: "○ 不分级" };
  var PAINT = { none: "hatch", blue: "level-blue", yellow: "level-yellow", orange: "level-orange", red: "level-red" };
  var tapes = {};

  function tape(id) {
    if (!tapes[id]) { tapes[id] = { id: id, asked: "", found: null, at: 0, timer: null, speed: 3, query: "", told: "", patience: null }; }
    return tapes[id];
  }

  // A level's own choice is not part of its question: its neighbours play along, as they keep their colours at rest.
  var INSIDE = { town: ["town", "village", "grid"], village: ["village", "grid"], grid: ["grid"] };

  function part(id, name) { return document.getElementById(id + "-" + name); }

  function question(query, level) {
    var rest = new URLSearchParams(query || "");
    VIEW.concat(INSIDE[level] || []).forEach(function (key) { rest.delete(key); });
    return rest.toString();
  }

  function write(parent, className, text) {
    var box = document.createElement("span");
    box.className = className;
    box.textContent = text;
    parent.appendChild(box);
    return box;
  }

  function swatch(parent, colour, text) {
    var item = write(parent, "legend-item", "");
    write(item, "legend-swatch " + colour, "");
    write(item, "legend-label", text);
  }

  // Which conditions a layer does not follow.
  function unheeded(names) { return names && names.length ? "；不随" + names.join("、") + "变化" : ""; }

  // --- the heat surface ---

  function heat(id, map, params, query) {
    var strip = part(id, "heat");
    var width = /^w(\d+)$/.exec(params.get("heat") || "");
    var frame = map.getContainer();
    if (frame.classList.contains("has-density") !== Boolean(width)) {
      strip.classList.toggle("is-open", Boolean(width));
      strip.closest(".map").classList.toggle("is-heated", Boolean(width));
      frame.classList.toggle("has-density", Boolean(width));
      window.yiping.map.repaint(id);
    }
    if (!width) { window.yiping.density.hide(map); return; }
    window.yiping.density.show(map, question(query), width[1], function (said) { tellHeat(part(id, "heat-legend"), said); });
  }

  function tellHeat(box, said) {
    box.textContent = "";
    if (said.state !== "ok") { write(box, "legend-label", said.reason); return; }
    said.legend.forEach(function (band) {
      swatch(box, band.colour, "≥" + (band.from < 10 ? band.from.toFixed(1) : Math.round(band.from)));
    });
    var last = new Date(said.period.until + "T00:00");
    last.setDate(0);
    var months = said.period.since.slice(0, 7) + " 至 " + last.getFullYear() + "-" + String(last.getMonth() + 1).padStart(2, "0");
    var text = said.unit + "；整月 " + months + "，" + said.cases + " 件";
    if (said.left_out) { text += "；" + said.left_out + " 件定位粗于带宽，未入"; }
    write(box, "legend-note", text + unheeded(said.ignored));
  }

  // --- the replay ---

  function replay(id, params, query) {
    var own = tape(id);
    var measure = params.get("replay");
    part(id, "replay").classList.toggle("is-open", Boolean(measure));
    part(id, "replay").closest(".map").classList.toggle("is-replaying", Boolean(measure));
    if (!measure) {
      if (own.asked) { pause(own); own.asked = ""; own.found = null; window.yiping.map.instead(id, null); }
      return;
    }
    own.query = query;
    var scene = window.yiping.map.scene(id);
    var address = "/api/v1/replay?measure=" + measure + "&pace=" + (params.get("pace") || "day") + "&level=" + scene.level + "&" +
      question(query, scene.level);
    showSpeed(own);
    if (address === own.asked) {
      if (own.found && !part(id, "replay-track").firstChild) { track(own); tellReplay(own); }  // another page lay between
      seek(own, params.get("moment"));
      return;
    }
    pause(own);
    own.asked = address;
    window.fetch(address).then(function (answer) {
      return answer.json().then(function (body) {
        if (!answer.ok) { throw { said: body.error }; }
        return body;
      });
    }).then(function (body) {
      if (own.asked !== address) { return; }
      own.found = body;
      if (!part(own.id, "replay-track")) { return; }
      track(own);
      tellReplay(own);
      seek(own, new URLSearchParams(own.query).get("moment"));
    }).catch(function (problem) {
      if (own.asked !== address) { return; }
      own.found = null;
      own.asked = "";
      window.yiping.map.instead(id, null);
      var box = part(id, "replay-legend");
      if (!box) { return; }
      box.textContent = "";
      part(id, "replay-now").textContent = "";
      box.closest(".map").classList.remove("is-replaying");  // the areas show the present again, and so does the legend
      // What our own server says is for readers; what a proxy or the browser says is not.
      write(box, "legend-label", problem.said || "回放未取到，其余正常");
    });
  }

  function track(own) {
    var box = part(own.id, "replay-track");
    var input = box.querySelector("input") || document.createElement("input");
    input.type = "range";
    input.min = "0";
    input.max = String(Math.max(own.found.moments.length - 1, 0));
    input.setAttribute("aria-label", "时刻");
    if (!input.parentNode) {
      input.addEventListener("input", function () { pause(own); draw(own, Number(input.value)); });
      input.addEventListener("change", function () { remember(own); });
      box.appendChild(input);
    }
  }

  function tellReplay(own) {
    var box = part(own.id, "replay-legend");
    box.textContent = "";
    if (!own.found.moments.length) { write(box, "legend-label", "这段时间没有可回放的数据"); return; }
    if (own.found.tiers) {
      own.found.tiers.slice().reverse().forEach(function (tier) { swatch(box, PAINT[tier], LEVELS[tier]); });
      write(box, "legend-note", "默认测算，逐日重算" + unheeded(own.found.ignored));
      return;
    }
    swatch(box, "seq-zero", "0");
    own.found.labels.forEach(function (label, place) { swatch(box, "seq-" + (own.found.steps[place] + 1), label); });
    write(box, "legend-note", own.found.unit + "；分级对全部时刻相同");
  }

  function seek(own, moment) {
    var found = own.found;
    if (!found || !found.moments.length || own.timer) { return; }
    // Steps in haste: an address that is on its way to the last step does not lead back to an earlier one.
    if (own.told === moment) { own.told = ""; }
    moment = own.told || moment;
    var place = found.moments.length - 1;
    if (moment) { while (place > 0 && found.moments[place] > moment) { place -= 1; } }
    draw(own, place);
  }

  function stepOf(found, value) {
    var place = 0;
    while (place < found.breaks.length && value >= found.breaks[place]) { place += 1; }
    return found.steps[place] + 1;
  }

  function draw(own, place) {
    var found = own.found;
    if (!found || !found.moments[place]) { return; }
    own.at = place;
    var scene = window.yiping.map.scene(own.id) || {};
    var picture = {
      level: found.level, title: found.name, paint: {}, texts: {}, marks: {}, chosen: scene.chosen, within: scene.within
    };
    found.values[place].forEach(function (value, column) {
      var code = found.codes[column];
      if (found.tiers) {
        var tier = found.tiers[value];
        picture.paint[code] = PAINT[tier];
        picture.texts[code] = LEVELS[tier];
        if (tier === "red" || tier === "orange" || tier === "yellow") { picture.marks[code] = LEVELS[tier].charAt(0); }
      } else {
        picture.paint[code] = value ? "seq-" + stepOf(found, value) : "seq-zero";
        picture.texts[code] = value.toLocaleString("zh-CN") + " " + found.unit;
      }
    });
    window.yiping.map.instead(own.id, picture);
    part(own.id, "replay-now").textContent = spell(found, place);
    var input = part(own.id, "replay-track").querySelector("input");
    if (input && Number(input.value) !== place) { input.value = String(place); }
    if (input) { input.setAttribute("aria-valuetext", spell(found, place)); }
  }

  function spell(found, place) {
    var day = new Date(found.moments[place] + "T00:00");
    if (found.pace === "week") { return found.moments[place] + " 起一周"; }
    return found.moments[place] + " 周" + DAYS.charAt(day.getDay());
  }

  function pause(own) {
    if (own.timer) { window.clearInterval(own.timer); own.timer = null; }
    var button = document.querySelector('[data-replay="' + own.id + ':play"]');
    if (button) { button.textContent = "播放"; }
  }

  function play(own) {
    if (!own.found || !own.found.moments.length) { return; }
    if (own.at >= own.found.moments.length - 1) { draw(own, 0); }
    document.querySelector('[data-replay="' + own.id + ':play"]').textContent = "暂停";
    own.timer = window.setInterval(function () {
      if (!part(own.id, "replay") || own.at >= own.found.moments.length - 1) {
        pause(own);
        if (part(own.id, "replay")) { remember(own); }
        return;
      }
      draw(own, own.at + 1);
    }, 1000 / own.speed);
  }

  function remember(own) {
    if (!own.found || !own.found.moments[own.at]) { return; }
    own.told = own.found.moments[own.at];
    window.clearTimeout(own.patience);
    own.patience = window.setTimeout(function () { own.told = ""; }, 2000);
    window.yiping.set("moment=" + own.told);
  }

  function showSpeed(own) {
    window.setTimeout(function () {
      document.querySelectorAll('[data-replay^="' + own.id + ':speed:"]').forEach(function (button) {
        button.setAttribute("aria-pressed", String(button.dataset.replay === own.id + ":speed:" + own.speed));
      });
    }, 0);
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-replay]") : null;
    if (!target) { return; }
    var said = target.dataset.replay.split(":");
    var own = tape(said[0]);
    if (said[1] === "play") {
      if (own.timer) { pause(own); remember(own); } else { play(own); }
    } else if (said[1] === "speed") {
      var playing = Boolean(own.timer);
      pause(own);
      own.speed = Number(said[2]);
      showSpeed(own);
      if (playing) { play(own); }
    } else {
      pause(own);
      draw(own, own.at + (said[1] === "next" ? 1 : -1));
      remember(own);
    }
  });

  window.yiping = window.yiping || {};
  window.yiping.layers = {
    // Called when a map's scene has come and is painted: the layers follow the same address.
    follow: function (id, query) {
      if (!part(id, "replay")) { return; }
      var params = new URLSearchParams(query || "");
      window.yiping.map.ready(id, function (map) {
        heat(id, map, params, query);
        replay(id, params, query);
      });
    }
  };
})();
