/* 导出: what the page can hand over is asked when the list is opened, with its rows and limits, before anything runs. A
   short file comes at once; a long one is made in the background with progress and 取消, and survives a reload: the ids of
   one's own jobs are kept on this machine. Text nodes only: data cannot become markup. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var ROOT = "/api/v1/export", JOBS = "/api/v1/exports", STORE = "yiping-exports";
  var WORDS = { csv: "CSV", xlsx: "XLSX", parquet: "Parquet", geojson: "GeoJSON" };
  var ORDER = ["xlsx", "csv", "parquet", "geojson"];
  var QUIET = "服务没有回应，请稍后再试";
  var jobs = {}, timer = null;

  function count(number) { return number.toLocaleString("en-US"); }

  // Answers with the body, or fails with the server's own sentence.
  function ask(address, method) {
    return window.fetch(address, { method: method || "GET", headers: { "Content-Type": "application/json" } }).catch(function () {
      throw new Error(QUIET);
    }).then(function (answer) {
      return answer.json().catch(function () { throw new Error(QUIET); }).then(function (body) {
        if (!answer.ok) { throw new Error(body.error || QUIET); }
        return body;
      });
    });
  }

  // What the page is asked for: its address, and what a page of free questions says of itself.
  function question() {
    var asked = new URLSearchParams(window.location.search), own = document.getElementById("export-question");
    asked.set("format", "csv");
    asked.set("view", window.location.pathname);
    ["metrics", "by", "sort", "columns", "find"].forEach(function (key) {
      if (own && own.dataset[key]) { asked.set(key, own.dataset[key]); }
    });
    return asked.toString();
  }

  // How the reader has arranged the grid that an offer is about.
  function arrangement(offer) {
    var grids = window.dash_ag_grid, api = null, said = new URLSearchParams();
    try { api = offer.grid && grids ? grids.getApi(offer.grid) : null; } catch (_) { api = null; }
    if (!api) { return said; }
    var columns = api.getColumnState();
    function key(column) { return offer.metrics.indexOf(column.colId) >= 0 ? column.colId : column.colId === "name" ? offer.by[0] : ""; }
    columns.filter(function (column) { return column.sort && key(column); }).slice(0, 1).forEach(function (column) {
      said.set("sort", (column.sort === "desc" ? "-" : "") + key(column));
    });
    if (columns.some(function (column) { return column.hide && key(column); })) {
      said.set("columns", offer.by.concat(columns.filter(function (column) {
        return !column.hide && offer.metrics.indexOf(column.colId) >= 0;
      }).map(key)).join(","));
    }
    if (api.getGridOption("quickFilterText")) { said.set("find", api.getGridOption("quickFilterText")); }
    return said;
  }

  function fullQuery(file, offer) {
    var more = arrangement(offer).toString();
    return file.query + (more ? "&" + more : "");
  }

  function nameOf(answer) {
    var said = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
    return said ? decodeURIComponent(said[1]) : "export";
  }

  function save(blob, name) {
    var link = make("a");
    link.href = window.URL.createObjectURL(blob);
    link.download = name;
    link.click();
    window.setTimeout(function () { window.URL.revokeObjectURL(link.href); }, 60000);
  }

  function aboutOf(answer) {
    var said = /<([^>]+)>; rel="describedby"/.exec(answer.headers.get("Link") || "");
    return said ? said[1] : "";
  }

  // Saves the file of an address and answers with its name and where it is described, or fails with the server's sentence.
  function fetchFile(address) {
    return window.fetch(address).catch(function () { throw new Error(QUIET); }).then(function (answer) {
      if (!answer.ok) {
        return answer.json().catch(function () { return {}; }).then(function (body) { throw new Error(body.error || QUIET); });
      }
      return answer.blob().then(function (blob) { save(blob, nameOf(answer)); return { name: nameOf(answer), about: aboutOf(answer) }; });
    });
  }

  function sidecar(address) {
    return ask(address).then(function (about) {
      save(new Blob([JSON.stringify(about, null, 1)], { type: "application/json" }), about.file + ".json");
    });
  }

  // --- offers --------------------------------------------------------------------------------------------------------

  function press(button, said, work) {
    if (button.getAttribute("aria-disabled") === "true" || button.getAttribute("aria-busy") === "true") { return; }
    button.setAttribute("aria-busy", "true");
    said.textContent = "";
    work().catch(function (problem) { said.textContent = problem.message; }).then(function () { button.removeAttribute("aria-busy"); });
  }

  // Where the files that were just handed over are described: a CSV bears its number in its name alone.
  var described = {};

  function hand(query) {
    return function (purpose) {
      return fetchFile(ROOT + "?" + query + "&" + purpose).then(function (file) { described[query] = file.about; });
    };
  }

  function begin(query) {
    return function (purpose) {
      return ask(JOBS + "?" + query + "&" + purpose, "POST").then(function (job) { keep(job.id, true); take(job); watch(); });
    };
  }

  function fileButton(offer, file, said) {
    var button = make("button", { type: "button", "class": "offer-file", text: WORDS[file.format] });
    button.setAttribute("aria-label", offer.label + " " + WORDS[file.format]);
    button.dataset.export = file.format;
    if (file.way === "refused") { button.setAttribute("aria-disabled", "true"); button.title = file.why; }
    button.addEventListener("click", function () {
      press(button, said, function () {
        var query = fullQuery(file, offer);
        return window.yiping.forPurpose(button, file.way === "job" ? begin(query) : hand(query));
      });
    });
    return button;
  }

  // The description of a CSV file, which has no place for it inside.
  function aboutButton(offer, said) {
    var button = make("button", { type: "button", "class": "offer-file", text: "说明" }), csv = offer.files.filter(function (file) { return file.format === "csv"; })[0];
    button.setAttribute("aria-label", offer.label + " CSV 的说明");
    button.title = "CSV 的说明（JSON），与文件放在一起可用来核对";
    button.addEventListener("click", function () { press(button, said, function () { return sidecar(described[fullQuery(csv, offer)] || ROOT + "/about?" + fullQuery(csv, offer)); }); });
    return button;
  }

  function offerBox(offer) {
    var box = make("div", { "class": "offer" }), name = make("div", { "class": "offer-name", text: offer.label }), files = make("div", { "class": "offer-files" });
    var said = make("div", { "class": "offer-why offer-said" });
    said.setAttribute("role", "status");
    name.append(make("span", { "class": "offer-rows", text: count(offer.rows) + " 行" }));
    ORDER.forEach(function (form) {
      offer.files.forEach(function (file) { if (file.format === form) { files.append(fileButton(offer, file, said)); } });
    });
    files.append(aboutButton(offer, said));
    box.append(name, files);
    if (offer.files.some(function (file) { return file.way === "job"; })) {
      box.append(make("div", { "class": "offer-why", text: "超过 50,000 行：在后台生成，可看进度、可取消，保留 7 天" }));
    }
    offer.files.forEach(function (file) {
      if (file.format === "xlsx" && file.why) { box.append(make("div", { "class": "offer-why", text: file.why })); }
    });
    box.append(said);
    return box;
  }

  function show(found) {
    var list = make("div", { "class": "offers" });
    found.offers.forEach(function (offer) { list.append(offerBox(offer)); });
    list.append(make("p", { "class": "offers-note", text: found.filters_in_words + "。XLSX 至多 1,000,000 行；GeoJSON 只用于有点位的事项和按乡镇、村社区、网格的汇总。"
      + "每个文件都带说明：条件、数据截至、批次、口径、行数、校验码和打开同一视图的链接。" }));
    return list;
  }

  function open() {
    var box = document.getElementById("export-offers");
    if (!box) { return; }
    box.replaceChildren(make("div", { "class": "offer-why", text: "正在数行数……" }));
    ask(ROOT + "/offers?" + question()).then(function (found) { box.replaceChildren(show(found)); }).catch(function (problem) {
      box.replaceChildren(make("div", { "class": "offer-why offer-said", text: problem.message }));
    });
    watch();
  }

  // --- jobs ----------------------------------------------------------------------------------------------------------

  function kept() {
    try { return JSON.parse(window.localStorage.getItem(STORE) || "[]").filter(function (id) { return typeof id === "string"; }); } catch (_) { return []; }
  }

  function keep(id, on) {
    var ids = kept().filter(function (other) { return other !== id; }).concat(on ? [id] : []);
    try { window.localStorage.setItem(STORE, JSON.stringify(ids.slice(-20))); } catch (_) { /* a closed store: until reload */ }
    if (!on) { delete jobs[id]; }
  }

  function isOpen(job) { return job.state === "waiting" || job.state === "running"; }

  function stateOf(job) {
    if (job.state === "waiting") { return job.ahead ? "排队中，前面还有 " + job.ahead + " 个" : "排队中"; }
    if (job.state === "running") { return count(job.rows) + " / " + count(job.total) + " 行"; }
    if (job.state === "done") {
      return count(job.rows) + " 行 · " + (job.bytes / 1048576).toFixed(1) + " MB" + (job.until ? " · 保留到 " + job.until.slice(5, 16).replace("T", " ") : "");
    }
    return job.said;
  }

  function act(word, label, work) {
    var button = make("button", { type: "button", "class": "offer-file", text: word });
    button.setAttribute("aria-label", word + " " + label);
    button.addEventListener("click", work);
    return button;
  }

  function drop(job) {
    var gone = function () { keep(job.id, false); paint(); };
    if (job.state === "done" || isOpen(job)) {
      ask(JOBS + "/" + job.id, "DELETE").then(isOpen(job) ? take : gone).catch(gone);
    } else { gone(); }
  }

  function jobBox(job) {
    var box = make("div", { "class": "job is-" + job.state }), acts = make("div", { "class": "job-acts" });
    box.append(make("div", { "class": "job-name", text: job.name }));
    if (isOpen(job)) {
      var bar = make("progress", { "class": "job-bar" });
      bar.max = Math.max(job.total, 1);
      bar.value = job.rows;
      bar.setAttribute("aria-label", job.name + " 的进度");
      box.append(bar);
    }
    box.append(make("div", { "class": "job-state", text: stateOf(job) }));
    if (job.state === "done") {
      acts.append(act("下载", job.name, function () { window.location.assign(job.file); }));
      if (job.format === "csv") { acts.append(act("说明", job.name, function () { sidecar(JOBS + "/" + job.id + "/about"); })); }
    }
    acts.append(act(isOpen(job) ? "取消" : job.state === "done" ? "删除" : "移除", job.name, function () { drop(job); }));
    box.append(acts);
    return box;
  }

  function take(job) { jobs[job.id] = job; paint(); }

  function paint() {
    var box = document.getElementById("export-jobs"), button = document.getElementById("export");
    if (!box || !button) { return; }
    var mine = Object.keys(jobs).map(function (id) { return jobs[id]; }), held = document.activeElement;
    var label = box.contains(held) ? held.getAttribute("aria-label") : null;
    box.replaceChildren.apply(box, mine.map(jobBox));
    // A list that is drawn again every second must not take the keyboard away.
    if (label) { box.querySelectorAll("button").forEach(function (other) { if (other.getAttribute("aria-label") === label) { other.focus(); } }); }
    var running = mine.filter(isOpen).length, done = mine.filter(function (job) { return job.state === "done"; }).length;
    if (running || done) { button.dataset.jobs = running ? "生成中 " + running : "可下载 " + done; } else { delete button.dataset.jobs; }
  }

  function watch() {
    window.clearTimeout(timer);
    Promise.all(kept().filter(function (id) { return !jobs[id] || isOpen(jobs[id]); }).map(function (id) {
      return ask(JOBS + "/" + encodeURIComponent(id)).then(take).catch(function (problem) {
        if (problem.message !== QUIET) { keep(id, false); paint(); }
      });
    })).then(function () {
      if (kept().some(function (id) { return !jobs[id] || isOpen(jobs[id]); })) { timer = window.setTimeout(watch, 1000); }
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-file]") : null;
    if (event.target.closest && event.target.closest("#export, button:has(> #export)")) { open(); }
    // A file that the page names itself.
    if (button) {
      press(button, document.getElementById(button.dataset.said), function () {
        return window.yiping.forPurpose(button, function (purpose) { return fetchFile(button.dataset.file + "&" + purpose); });
      });
    }
  });

  window.addEventListener("load", function () { if (kept().length) { window.setTimeout(watch, 1500); } });
  window.yiping = window.yiping || {};
  window.yiping.exports = { question: question, save: save, ask: ask, fetchFile: fetchFile };
})();
