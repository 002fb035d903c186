/* Whoever is no longer logged in is sent to do so, and comes back to the same address; 退出 ends the log-in, and 结束
   the look at things as another role. */
(function () {
  "use strict";
  var fetchNow = window.fetch, isLeaving = false;

  function leave(to) {
    if (isLeaving) { return; }
    isLeaving = true;
    window.location.assign(to);
  }

  // What was refused is said: who believes to have left would leave the log-in to whoever comes next.
  function post(to, said, then) {
    fetchNow.call(window, to, { method: "POST", body: new URLSearchParams(said), redirect: "manual" }).then(function (answer) {
      if (answer.type !== "opaqueredirect" && !answer.ok && answer.status !== 401) { throw new Error(String(answer.status)); }
      leave(then);
    }).catch(function () { window.alert("没有成功：服务器没有接受，您仍处于登录状态。请再试一次，或联系管理员。"); });
  }

  // What pages keep in the browser is for the one who was logged in.
  function forget() {
    try { window.localStorage.clear(); window.sessionStorage.clear(); } catch (_) { /* a closed store has nothing */ }
  }

  window.fetch = function (address, options) {
    return fetchNow.call(window, address, options).then(function (answer) {
      if (answer.status === 401) {
        forget();
        leave("/login?is_over=true&next=" + encodeURIComponent(window.location.pathname + window.location.search));
      }
      return answer;
    });
  };

  document.addEventListener("click", function (event) {
    var pressed = event.target.closest && event.target.closest("[data-log-out], [data-look-as-oneself]");
    if (!pressed) { return; }
    if (pressed.hasAttribute("data-log-out")) {
      forget();
      post("/logout", {}, "/login");
    } else {
      post("/view-as", { role: "" }, "/");
    }
  });
}());
