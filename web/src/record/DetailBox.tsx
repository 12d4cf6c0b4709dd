import type { Detail, Section } from '../api/types';
import { useMeta } from '../api/meta';
import type { Form } from './useForm';
import { LinkedDetail } from './LinkedDetail';
import { OwnedDetail } from './OwnedDetail';

export interface DetailProps { section: Section; detail: Detail; form: Form; recordId: number | null; editing: boolean; scope: string }

export function DetailBox(props: DetailProps) {
  const target = useMeta().sections[props.detail.section];
  if (!target) return null;
  return props.detail.owned ? <OwnedDetail {...props} target={target} /> : <LinkedDetail {...props} target={target} />;
}
