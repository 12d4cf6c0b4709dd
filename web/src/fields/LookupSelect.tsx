import PlusOutlined from '@ant-design/icons/es/icons/PlusOutlined';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import Select from 'antd/es/select';
import { lazy, Suspense, useState } from 'react';
import { useMeta } from '../api/meta';
import { send } from '../api/http';
import type { Field, LookupAnswer, Row, Titled } from '../api/types';
import { useDebounced } from '../app/useDebounced';
import { errorText } from '../app/errors';
import { useT } from '../i18n';

const CreateCard = lazy(() => import('../record/CreateCard'));

const TOP = 20;
const CREATE = '+';

export interface Parent { id?: number; values: Row }

interface Props {
  id?: string;
  section: string;
  field: Field;
  value: Titled[];
  onChange: (value: Titled[]) => void;
  /** The draft that the lookup's filter and cascade look at. */
  draft?: Row;
  recordId?: number | null;
  /** Of a line: the draft of the record that it belongs to. */
  parent?: Parent | undefined;
  many?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
  status?: 'error' | undefined;
  creatable?: boolean;
  describedBy?: string | undefined;
  onBlur?: () => void;
}

/** Type-ahead over the records that may be chosen, three telling fields beside each, "Create" as the last line. */
export function LookupSelect({ id, section, field, value, onChange, draft, recordId, parent, many, autoFocus, disabled, status, creatable, describedBy, onBlur }: Props) {
  const t = useT();
  const meta = useMeta();
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [creating, setCreating] = useState<string | null>(null);
  const asked = useDebounced(text.trim(), 160);
  const body = { q: asked, values: draft ?? {}, ...(recordId ? { id: recordId } : {}), ...(parent ? { parent } : {}), top: TOP };
  const found = useQuery({
    queryKey: ['lookup', section, field.name, JSON.stringify(body)],
    queryFn: () => send<LookupAnswer>('POST', `/ui/lookup/${section}/${field.name}`, body),
    enabled: open,
    placeholderData: keepPreviousData,
    staleTime: 3_000,
  });
  const target = field.to ? meta.sections[field.to] : undefined;
  const mayCreate = creatable !== false && target !== undefined && (found.data?.create ?? Boolean(field.create && target.can.create));
  const label = (item: Titled): string => item.title || (item.id ? t('field.unseen') : '');

  const options: { value: number | string; label: string; hints?: (string | null)[] }[] = (found.data?.items ?? [])
    .map((item) => ({ value: item.id, label: item.title, hints: item.hints ?? [] }));
  if (open && mayCreate && !found.isPending) options.push({ value: CREATE, label: '' });

  const choose = (chosen: { value: number | string; label?: unknown }[]): void => {
    if (chosen.some((item) => item.value === CREATE)) {
      setOpen(false);
      setCreating(text.trim());
      return;
    }
    const known = new Map<number, string | null>([...value, ...(found.data?.items ?? [])].map((item) => [item.id, item.title]));
    onChange(chosen.map((item) => ({ id: Number(item.value), title: known.get(Number(item.value)) ?? null })));
    setText('');
  };
  const shown = value.map((item) => ({ value: item.id as number | string, label: label(item) }));

  return (
    <>
      <Select<{ value: number | string; label?: unknown } | { value: number | string; label?: unknown }[]>
        {...(id ? { id } : {})}
        className="lookup"
        mode={many ? 'multiple' : undefined}
        labelInValue
        allowClear={!disabled}
        disabled={disabled ?? false}
        autoFocus={autoFocus ?? false}
        defaultOpen={false}
        status={status ?? ''}
        aria-label={field.label}
        aria-describedby={describedBy}
        open={open}
        onOpenChange={setOpen}
        onBlur={() => onBlur?.()}
        showSearch={{ searchValue: text, onSearch: setText, filterOption: false }}
        value={(many ? shown : shown[0]) as never}
        options={options}
        loading={found.isFetching && open}
        notFoundContent={found.isError ? errorText(found.error, t) : found.isPending ? t('state.loading') : t('lookup.nothing')}
        optionRender={(option) => {
          if (option.value === CREATE) {
            return <span className="lookup-create"><PlusOutlined aria-hidden /> {text.trim() ? t('lookup.create_named', { name: text.trim() }) : t('lookup.create', { label: target?.label ?? '' })}</span>;
          }
          const hints = (option.data as { hints?: (string | null)[] }).hints?.filter(Boolean) ?? [];
          return (
            <span className="lookup-row">
              <span>{option.data.label as string}</span>
              {hints.length ? <span className="lookup-hints">{hints.join(' · ')}</span> : null}
            </span>
          );
        }}
        popupRender={(menu) => <>{menu}{found.data?.more ? <div className="lookup-more quiet">{t('lookup.more')}</div> : null}</>}
        onChange={(next) => {
          if (next === undefined || next === null) onChange([]);
          else choose(Array.isArray(next) ? next : [next]);
        }}
      />
      {creating !== null && target ? (
        <Suspense fallback={null}>
          <CreateCard section={target} name={creating} onClose={() => setCreating(null)} onCreated={(item) => {
            setCreating(null);
            setText('');
            onChange(many ? [...value, item] : [item]);
          }} />
        </Suspense>
      ) : null}
    </>
  );
}
