// The SQL editor of Datasette's pages: what its own page does in a script of its own, which the site's
// content policy does not run.
window.addEventListener("load", () => {
  const format = document.querySelector("button#sql-format");
  const shown = document.querySelector("pre#sql-query");
  const input = document.querySelector("textarea#sql-editor");
  if (input && window.CodeMirror) {
    const editor = CodeMirror.fromTextArea(input, { lineNumbers: true, mode: "text/x-sql", lineWrapping: true });
    // Tab leaves the editor, so that the keyboard is not caught in it.
    editor.setOption("extraKeys", { "Shift-Enter": () => input.form.submit(), Tab: false });
    editor.getInputField().setAttribute("aria-label", input.getAttribute("aria-label") || "SQL");
    cmResize(editor, { resizableWidth: false });
    if (format) {
      format.hidden = false;
      format.addEventListener("click", () => editor.setValue(sqlFormatter.format(editor.getValue())));
    }
  } else if (shown && format) {
    const formatted = sqlFormatter.format(shown.textContent);
    if (formatted !== shown.textContent) {
      format.hidden = false;
      format.addEventListener("click", () => { shown.textContent = formatted; });
    }
  }
});
