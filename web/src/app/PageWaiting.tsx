import Skeleton from 'antd/es/skeleton';

export function PageWaiting() {
  return <div className="page"><Skeleton active title={false} paragraph={{ rows: 8 }} /></div>;
}
