/** Everything is closed, whatever the others do while they are; the first failure is thrown at the end. */
export const closeAll = (closes: readonly (() => void)[]): void => {
  let failure: unknown = null;
  for (const close of closes) {
    try {
      close();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== null) throw failure;
};
