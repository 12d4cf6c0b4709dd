import CheckOutlined from '@ant-design/icons/es/icons/CheckOutlined';
import Button from 'antd/es/button';
import Tooltip from 'antd/es/tooltip';
import { stageOf } from '../api/meta';
import type { Move, MoveState, Section } from '../api/types';
import { useT } from '../i18n';

interface Props { section: Section; stage: string | null; path: string | null | undefined; moves: MoveState[]; busy: boolean; onMove: (move: Move) => void }

/** Where the record stands on its way, and the moves from here; a closed one says why. */
export function StageBar({ section, stage, path, moves, busy, onMove }: Props) {
  const t = useT();
  const way = section.stages.find((item) => item.path === path) ?? section.stages.find((item) => item.stages.some((one) => one.name === stage)) ?? section.stages[0];
  if (!way || !stage) return null;
  const at = way.stages.findIndex((item) => item.name === stage);
  const current = stageOf(section, stage);
  // A way ends in one of its final stages: the one reached, else the first that is declared; the others are not this record's way.
  const end = current?.final ? stage : way.stages.find((item) => item.final)?.name;
  const shown = way.stages.filter((item) => !item.final || item.name === end);
  const place = shown.findIndex((item) => item.name === stage);
  const known = moves.map((state) => ({ state, move: section.moves.find((item) => item.name === state.name) })).filter((item) => item.move);
  const allowed = known.filter((item) => item.state.allowed);
  const closed = known.filter((item) => !item.state.allowed && item.state.reason);
  const forward = (move: Move): boolean => way.stages.findIndex((item) => item.name === move.to) > at && (!stageOf(section, move.to)?.final || move.to === end);
  const first = allowed.find((item) => item.move && forward(item.move))?.move?.name;

  return (
    <div className="stagebar">
      <ol className="stages" aria-label={way.label || t('stage.way')}>
        {shown.map((item, index) => {
          const state = item.name === stage ? 'now' : index < place && !item.final ? 'done' : 'next';
          return (
            <li key={item.name} className={`stage stage-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
              {state === 'done' ? <CheckOutlined aria-label={t('stage.done')} /> : null}<span>{item.label}</span>
            </li>
          );
        })}
      </ol>
      <p className="stage-short"><strong>{current?.label}</strong> <span className="quiet">{t('stage.of', { at: place + 1, count: shown.length })}</span></p>
      <div className="moves">
        {allowed.map(({ move }) => (move ? (
          <Button key={move.name} type={move.name === first ? 'primary' : 'default'} loading={busy} onClick={() => onMove(move)}>{move.label}</Button>
        ) : null))}
        {closed.map(({ move, state }) => (move ? (
          <Tooltip key={move.name} title={state.reason} trigger={['hover', 'focus']}>
            <Button type="dashed" className="move-closed" aria-disabled="true" aria-label={t('stage.closed', { label: move.label, reason: state.reason })}>{move.label}</Button>
          </Tooltip>
        ) : null))}
      </div>
    </div>
  );
}
