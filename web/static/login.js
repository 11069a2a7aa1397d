// Logs in: with the one-time code behind the #, which no server log has, or with a token.
const fault = document.getElementById("fault");

async function logIn(given) {
  const answer = await fetch("/api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });
  if (answer.ok) {
    location.replace("/");
    return;
  }
  const said = await answer.json().catch(() => ({}));
  fault.textContent = said.error || `The console answered with ${answer.status}.`;
}

const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", "/login");
  logIn({ code }).catch((error) => { fault.textContent = String(error); });
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("token");
  logIn({ token: field.value.trim() }).catch((error) => { fault.textContent = String(error); });
  field.value = "";
});
