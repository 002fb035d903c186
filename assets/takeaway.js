/* 生成简报: asks for the file of the page's question, says that it is being made, and what went wrong if it was not. */
(function () {
  "use strict";
  function say(text, isWrong) {
    var place = document.getElementById("takeaway-said");
    if (!place) { return; }
    place.textContent = text;
    place.classList.toggle("is-wrong", Boolean(isWrong));
  }

  function fetchBrief(button) {
    var asked = new URLSearchParams(window.location.search);
    asked.set("report", button.dataset.brief);
    asked.set("format", button.dataset.format);
    say("");
    window.yiping.forPurpose(button, function (purpose) {
      say("正在生成……");
      return window.yiping.exports.fetchFile("/api/v1/brief?" + asked + "&" + purpose).then(function (file) { say("已生成：" + file.name); });
    }).catch(function (problem) {
      say("未能生成：" + problem.message, true);
    });
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target.closest("[data-brief]") : null;
    if (target) { fetchBrief(target); }
  });
})();
