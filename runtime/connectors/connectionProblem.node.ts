/**
 * Why there is no connection, as a clause. A name with several addresses (localhost has two) is tried at all of them, and the
 * error that tells of it says nothing itself.
 */
export function connectionProblem(error: Error): string {
  if (error instanceof AggregateError) {
    const problems = error.errors.filter((each) => each instanceof Error).map((each) => each.message);
    if (problems.length > 0) return problems.join('; ');
  }
  return error.message === '' ? error.name : error.message;
}
