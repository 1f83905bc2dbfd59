import { paint } from "./avatar.js";
import { protect } from "./csrf.js";

const form = document.getElementById("login");
const message = document.getElementById("message");
const query = new URLSearchParams(location.search);

function say(text, bad) {
  message.textContent = text;
  message.classList.toggle("bad", bad);
  message.hidden = false;
}

if (query.has("error")) {
  say("That name and password do not go together.", true);
} else if (query.has("logout")) {
  say("You are signed out.", false);
}

document.querySelectorAll(".avatar").forEach(a => paint(a, a.dataset.name));
protect(form, { failed: () => say("The server does not answer. Try again in a moment.", true) });

form.addEventListener("click", e => {
  const person = e.target.closest("[data-user]");
  if (person) {
    form.elements.username.value = person.dataset.user;
    form.elements.password.value = "demo";
    form.requestSubmit();
  }
});
