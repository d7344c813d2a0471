/** A progress bar on stderr: redrawn in place on a terminal, a line every tenth elsewhere. */

export interface ProgressBar {
  step(): void;
  end(): void;
}

export function progressBar(total: number, isSilent: boolean): ProgressBar {
  const width = 30;
  let done = 0;
  const draw = (): void => {
    if (isSilent) return;
    const filled = Math.round((done / Math.max(1, total)) * width);
    const text = `[${'#'.repeat(filled)}${' '.repeat(width - filled)}] ${done}/${total}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text}`);
    else if (done % Math.max(1, Math.floor(total / 10)) === 0) process.stderr.write(`${text}\n`);
  };
  return {
    step() {
      done += 1;
      draw();
    },
    end() {
      if (!isSilent && process.stderr.isTTY) process.stderr.write('\n');
    },
  };
}
