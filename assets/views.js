/* 视图: keep the page as it stands under a title, open what is kept, choose what “/” begins with. */
(function () {
  "use strict";
  var yiping = window.yiping = window.yiping || {};
  var KEPT_IN_ADDRESS = function () { return window.location.search.replace(/^\?/, ""); };

  function saveForm(told, done) {
    var make = yiping.make;
    var title = make("input", { type: "text", maxlength: "40", required: "", autocomplete: "off", placeholder: "如：城关镇纠纷周看" });
    var dates = make("select", {}, told.dates.map(function (way) { return make("option", { value: way.dates, text: way.words }); }));
    var shared = yiping.tick("共享给所有人"), home = yiping.tick("设为我的首页"), sign = yiping.signature(told.name, told.is_known);
    var wrong = make("p", { "class": "sheet-wrong", role: "alert" });
    var form = make("form", { "class": "sheet-form", "aria-label": "保存当前视图" }, [
      yiping.field("标题", title), yiping.field("日期", dates), sign.line,
      make("div", { "class": "sheet-ticks" }, [shared.line, home.line]),
      wrong, make("button", { type: "submit", "class": "sheet-main", text: "保存当前视图" })
    ]);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      yiping.ask("POST", "/views", {
        title: title.value, path: window.location.pathname, query: KEPT_IN_ADDRESS(), dates: dates.value,
        shared: shared.box.checked, name: sign.box.value
      }).then(function (view) {
        return home.box.checked ? yiping.ask("PUT", "/home", { view: view.id }) : null;
      }).then(done, function (error) { wrong.textContent = error.message; });
    });
    return form;
  }

  function act(word, label, doing, done) {
    var button = yiping.make("button", { type: "button", "class": "sheet-act", text: word, "aria-label": label });
    button.addEventListener("click", function () {
      doing(button).then(done, function (error) { button.textContent = error.message; });
    });
    return button;
  }

  function row(view, done) {
    var make = yiping.make;
    var home = act(view.is_home ? "取消首页" : "设为首页", (view.is_home ? "取消首页 " : "设为首页 ") + view.title, function () {
      return yiping.ask("PUT", "/home", { view: view.is_home ? "" : view.id });
    }, done);
    var about = [view.page, view.words, view.author, view.made_at.slice(0, 10)].filter(Boolean).map(function (part, place) {
      return make("span", { "class": "sheet-fact", text: (place ? "· " : "") + part + " " });
    });
    var name = [make("a", { href: view.link, text: view.title })];
    if (view.is_home) { name.push(make("span", { "class": "sheet-badge", text: "首页" })); }
    if (view.is_mine && view.is_shared) { name.push(make("span", { "class": "sheet-badge", text: "已共享" })); }
    return make("li", { "class": "sheet-row" }, [
      make("div", { "class": "sheet-what" }, [make("div", {}, name), make("div", { "class": "sheet-about" }, about)]),
      make("div", { "class": "sheet-acts" }, view.is_mine ? [home, yiping.removal("sheet-act", "删除视图 " + view.title, "/views/" + view.id, done)] : [home])
    ]);
  }

  function list(heading, views, none, done) {
    var make = yiping.make;
    var inside = views.length ? make("ul", {}, views.map(function (view) { return row(view, done); })) : make("p", { "class": "sheet-about", text: none });
    return make("section", { "class": "sheet-part" }, [make("h3", { text: heading }), inside]);
  }

  function show(open) {
    function again() { show(open); }
    return yiping.ask("GET", "/views?" + KEPT_IN_ADDRESS()).then(function (told) {
      var mine = told.views.filter(function (view) { return view.is_mine; });
      var others = told.views.filter(function (view) { return !view.is_mine; });
      open.body.replaceChildren(
        saveForm(told, again),
        list("我的视图", mine, "还没有保存", again),
        list("共享视图", others, "还没有人共享", again)
      );
      open.settle();
    }, function (error) { open.body.replaceChildren(yiping.make("p", { "class": "sheet-wrong", text: error.message })); });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("#views") : null;
    if (button) { show(yiping.sheet(button, "视图")); }
  });
})();
