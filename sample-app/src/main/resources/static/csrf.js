const fetchToken = () => fetch("/csrf", { headers: { Accept: "application/json" } }).then(r => r.json());

let known;

/** The header that Spring Security expects of the client's requests, while this page's session lives. */
export async function csrfHeader() {
  try {
    const { headerName, token } = await (known ||= fetchToken());
    return { [headerName]: token };
  } catch (e) {
    known = undefined;
    throw e;
  }
}

/**
 * Posts the form with the token that Spring Security expects, fetched at that moment: a token of an earlier session would
 * be refused.
 */
export function protect(form, { before = () => {}, failed = () => {} } = {}) {
  form.addEventListener("submit", async e => {
    e.preventDefault();
    form.inert = true; // A second click would send the token that the first one used up.
    try {
      const { parameterName, token } = await fetchToken();
      let field = form.querySelector("input[type=hidden]");
      if (!field) {
        field = document.createElement("input");
        field.type = "hidden";
        form.append(field);
      }
      field.name = parameterName;
      field.value = token;
      before();
      form.submit();
    } catch {
      form.inert = false;
      failed();
    }
  });
  addEventListener("pageshow", () => (form.inert = false));
}
