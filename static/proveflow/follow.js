// Asks for the stage of what the page shows, a handoff or a review, and reloads the page when it has changed.

const place = document.querySelector("[data-stage]");
const { stage, pause = 2 } = place.dataset; // pause: seconds

async function look() {
  try {
    const response = await fetch(location.pathname, { headers: { Accept: "application/json" }, redirect: "error" });
    const now = await response.json();
    if (now.stage !== stage) return location.replace(location.pathname);
  } catch {
    // offline, or the server does not answer: ask again
  }
  return setTimeout(look, pause * 1000);
}

setTimeout(look, pause * 1000);
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
