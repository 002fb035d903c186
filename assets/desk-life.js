/* What a desk does with its pulse: tells, in one quiet line, of new data and of a new version; the reader decides. */
(function () {
  "use strict";
  var make = window.yiping.make;
  var build = null;

  function box() {
    var there = document.getElementById("news");
    if (there || !document.getElementById("page")) { return there; }
    var made = make("div", { id: "news", "class": "news" }), said = make("span", { "class": "news-text", role: "status" }), button = make("button", { type: "button", "class": "bar-button" });
    made.append(said, button);
    document.body.append(made);
    return made;
  }

  function show(words, action, act) {
    var news = box();
    if (!news) { return; }
    if (news.children[0].textContent !== words) { news.children[0].textContent = words; }
    news.children[1].textContent = action;
    news.children[1].onclick = act;
    news.classList.toggle("is-shown", Boolean(words));
  }

  // The same conditions again: every panel is asked anew and changes where it stands.
  function refill() {
    var filters = window.dash_component_api.getLayout("filters");
    window.dash_clientside.set_props("filters", { data: filters.props.data });
  }

  document.addEventListener("yiping:life", function (event) {
    var life = event.detail;
    if (!life.pulse || life.missed) { return; }
    if (build === null) { build = life.pulse.build; }
    if (life.pulse.build !== build) {
      show("系统有新版本", "请刷新", function () { window.location.reload(); });
    } else if (life.painted && !life.isCurrent) {
      show("数据已更新，截至 " + window.yiping.life.moment(life.pulse.as_of), "刷新画面", refill);
    } else {
      show("", "", null);
    }
  });
})();
