/** A window operator as a plan makes it, from the little that a test cares about. */
import type { AlignedWindowOperator } from '../../../runtime/operators/windows/alignedWindowOperator.ts';
import { copyOf, type WindowFunction } from '../../../runtime/operators/windows/windowFunction.ts';
import type { WindowOperator } from '../../../runtime/operators/windows/windowOperator.ts';
import { type WindowSpecification, windowPlan } from '../../../runtime/operators/windows/windowPlan.ts';

export interface TestedWindows<T, Content>
  extends Partial<Omit<WindowSpecification<T, Content>, 'assigner' | 'function'>>,
    Pick<WindowSpecification<T, Content>, 'assigner'> {
  readonly create: () => Content;
  readonly add: (content: Content, value: T) => Content;
  readonly merge?: (left: Content, right: Content) => Content;
  readonly emit: WindowFunction<T, Content>['emit'];
}

export function windowOperator<T, Content>({
  create,
  add,
  merge,
  emit,
  ...specification
}: TestedWindows<T, Content>): AlignedWindowOperator<T, Content> | WindowOperator<T, Content> {
  const plan = windowPlan<T, Content>({
    trigger: null,
    evictor: null,
    latenessMs: 0,
    lateTo: null,
    ...specification,
    function: {
      fold: {
        add: (content, value) => add(content ?? create(), value),
        merge: merge ?? null,
        copy: copyOf,
      },
      isList: false,
      empty: create,
      emit,
      states: {},
      windowStates: {},
      lifecycle: {},
    },
  });
  return plan.create() as AlignedWindowOperator<T, Content> | WindowOperator<T, Content>;
}
