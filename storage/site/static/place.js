// Where the part of a page around a figure is wider than the screen: brings the figure's frame into view.
"use strict";
(() => {
  // The colour of the frame, as pipelines/raster.py draws it.
  const [RED, GREEN, BLUE] = [200, 30, 30];

  function middle(img) {
    const canvas = document.createElement("canvas");
    canvas.width = img.naturalWidth;
    canvas.height = img.naturalHeight;
    const drawing = canvas.getContext("2d");
    drawing.drawImage(img, 0, 0);
    const { data, width } = drawing.getImageData(0, 0, canvas.width, canvas.height);
    let left = width;
    let right = -1;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === RED && data[at + 1] === GREEN && data[at + 2] === BLUE) {
        const x = (at / 4) % width;
        left = Math.min(left, x);
        right = Math.max(right, x);
      }
    }
    return right < 0 ? null : (left + right) / 2 / width;
  }

  for (const box of document.querySelectorAll(".nb-around")) {
    const img = box.querySelector("img");
    const show = () => {
      if (box.scrollWidth <= box.clientWidth) return;
      const at = middle(img);
      if (at !== null) box.scrollLeft = at * img.clientWidth - box.clientWidth / 2;
    };
    if (img.complete) show();
    else img.addEventListener("load", show);
  }
})();
