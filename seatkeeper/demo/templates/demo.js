// Keeps the tables fresh and moves the clock without leaving the page. Without it the buttons still work, as forms.
const live = document.getElementById("live");
let moving = false;

async function refresh() {
  try {
    const answer = await fetch("/live", { cache: "no-store" });
    if (!answer.ok || moving) return;
    const text = await answer.text();
    if (text !== live.dataset.text) {
      const by = live.contains(document.activeElement) ? document.activeElement.value : null;
      live.innerHTML = text;
      live.dataset.text = text;
      if (by) live.querySelector(`button[value="${by}"]`)?.focus();
    }
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
  }
}

live.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (moving) return;
  moving = true;
  const pressed = event.submitter;
  pressed.setAttribute("aria-busy", "true");
  for (const button of live.querySelectorAll("button")) button.disabled = true;
  try {
    await fetch("/clock", { method: "POST", body: new URLSearchParams({ by: pressed.value }), redirect: "manual" });
  } finally {
    moving = false;
    live.dataset.text = "";
    await refresh();
    live.querySelector(`button[value="${pressed.value}"]`)?.focus();
  }
});

setInterval(refresh, 1000);
