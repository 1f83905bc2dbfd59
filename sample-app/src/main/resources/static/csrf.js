/** Puts the token that Spring Security expects with a form post into its hidden field. */
export async function protect(form) {
  const response = await fetch("/csrf", { headers: { Accept: "application/json" } });
  const { parameterName, token } = await response.json();
  let field = form.querySelector("input[type=hidden]");
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    form.append(field);
  }
  field.name = parameterName;
  field.value = token;
}
