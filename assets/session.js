/* Whoever is no longer logged in is sent to do so, and comes back to the same address; 退出 ends the log-in. */
(function () {
  "use strict";
  var fetchNow = window.fetch, isLeaving = false;

  function leave(to) {
    if (isLeaving) { return; }
    isLeaving = true;
    window.location.assign(to);
  }

  window.fetch = function (address, options) {
    return fetchNow.call(window, address, options).then(function (answer) {
      if (answer.status === 401) {
        leave("/login?next=" + encodeURIComponent(window.location.pathname + window.location.search));
      }
      return answer;
    });
  };

  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("[data-log-out]")) { return; }
    fetchNow.call(window, "/logout", { method: "POST" }).finally(function () { leave("/login"); });
  });
}());
