// The button: asks for the next page's tiles, puts them below the others, and goes when there are no more.
(function () {
  var button = document.querySelector(".loadmore-btn");
  if (!button) return;
  var page = Number(loadmore_params.current_page), last = Number(loadmore_params.max_page);
  button.addEventListener("click", async function () {
    button.disabled = true;
    var form = new URLSearchParams({ query: loadmore_params.posts, page: String(page) });
    var answer = await fetch(loadmore_params.restfulURL, { method: "POST", body: form });
    button.disabled = false;
    if (!answer.ok) return;
    document.querySelector("#tiles").insertAdjacentHTML("beforeend", await answer.text());
    page += 1;
    if (page >= last) button.parentNode.remove();
  });
})();
